"""Why a script that updates something was not taken for a training, where nothing was judged."""

from __future__ import annotations

from collections.abc import Iterable

from ..record.core import Broken
from ..record.events import Location, Update
from ..record.joins import JOINS
from ..record.sources import Sources
from ..results import NotChecked
from ..step.widened import changes_size
from ..tape import Tape

MOST = 3
KINDS = {"i": "whole numbers", "u": "whole numbers", "b": "truth values", "c": "complex numbers", "O": "objects"}


def explain(tape: Tape, sources: Sources, updates: list[Update], broken: Iterable[Broken]) -> list[NotChecked]:
    """A remark for each array that is updated again and again, with the reason why it was not judged."""
    again: dict[tuple[Location, int], list[Update]] = {}
    for update in updates:
        again.setdefault(update.key, []).append(update)
    found: dict[int, NotChecked] = {}
    for (_, site), made in again.items():
        if tape.shape_of(made[0].new) != () and (len(made) > 1 or changes_size(tape, made[0])):
            found.setdefault(site, _remark(tape, sources, made[0]))
    return [*list(found.values())[:MOST], *[_gap(sources, b) for b in broken][:MOST]]


def _remark(tape: Tape, sources: Sources, update: Update) -> NotChecked:
    site = sources.sites[update.site]
    text = " ".join(site.text.split())
    what = f"the update `{text if len(text) <= 60 else text[:57] + '...'}`"
    dtype = tape.dtype_of(tape.storage_of(update.new))
    if dtype is not None and dtype.kind in KINDS:
        why = f"it updates {KINDS[dtype.kind]}; gradients are judged for real floating-point numbers"
    elif any(tape.templates[tape.entry_template[e]].fn in JOINS for e in update.path):
        why = "it is a part of a joined array, whose step is more than a gradient times a rate"
    elif changes_size(tape, update):
        before, after = tape.shape_of(update.old), tape.shape_of(update.new)
        why = f"its shape goes from {before} to {after} by broadcasting; a gradient has the shape of its parameter"
    else:
        why = "what it adds was not seen to depend on what it updates; something in between could not be followed"
    return NotChecked(what, why, site.line, site.file)


def _gap(sources: Sources, gap: Broken) -> NotChecked:
    site = sources.sites[gap.site]
    return NotChecked("an operation", f"it could not be recorded ({gap.reason})", site.line, site.file)
