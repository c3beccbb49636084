"""Memory that nobody wrote: reads of `np.empty` arrays whose entries were never assigned, on the way to a parameter.

Nothing is poisoned in the live run. The tape knows which entries write which regions, so the written part of each such
storage is followed in program order, and every read is compared with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..replay.adjoint import span
from ..step.candidates import Candidate
from ..step.trials import Judgement
from ..tape import CONST, Tape


@dataclass(slots=True)
class Hit:
    """One entry that reads unwritten memory."""

    entry: int
    storage: int
    unwritten: int
    read: int
    candidates: list[Candidate] = field(default_factory=list)


@dataclass(slots=True)
class Hits:
    """All hits of a training; ``tainted`` are the ids of the candidates that they reach."""

    hits: list[Hit]
    tainted: dict[int, Any]


def find(tape: Tape, storages: set[int], made: Judgement) -> Hits:
    """Reads of unwritten memory in the window that reach a parameter's increment."""
    storages = {s for s in storages if s >= 0}
    if not storages:
        return Hits([], {})
    found = _reads(tape, storages, made.window.end)
    tainted: dict[int, Any] = {}
    for hit in found:
        reached = _reached(tape, hit.entry, made.window.end)
        for c in made.parameters:
            if any(tape.storage_of(code) in reached for r in c.rounds[:1] for u in r for code in u.increments):
                hit.candidates.append(c)
                tainted.setdefault(id(c), hit)
    return Hits([h for h in found if h.candidates], tainted)


def _reads(tape: Tape, storages: set[int], end: int) -> list[Hit]:
    written = {s: np.zeros(span(tape, s)[1], bool) for s in storages}
    found: list[Hit] = []
    for number in range(end):
        template, inputs, outputs = tape.entry(number)
        if template.kind not in ("create", "guard"):
            for place, code in enumerate(inputs):
                storage = tape.storage_of(code) if code & 3 != CONST else -1
                if storage in storages and not (place in template.writes and template.kind in ("store", "set", "call")):
                    part = _window(tape, written[storage], code)
                    if not part.all():
                        found.append(Hit(number, storage, int((~part).sum()), int(part.size)))
        for place in template.writes:
            storage = tape.storage_of(inputs[place])
            if storage in storages:
                _window(tape, written[storage], inputs[place])[...] = True
    return found


def _window(tape: Tape, flags: np.ndarray, code: int) -> np.ndarray:
    tag, index = code & 3, code >> 2
    if tag == 1:
        storage, offset, layout = index, 0, tape.storage_layout[index]
    else:
        storage, offset, layout = tape.views[index]
    shape, strides, _ = tape.layouts[layout]
    if 0 in shape:
        return np.ones(0, bool)
    return np.ndarray(shape, bool, flags, offset + span(tape, storage)[0], strides)


def _reached(tape: Tape, start: int, end: int) -> set[int]:
    template, inputs, outputs = tape.entry(start)
    reached = {tape.storage_of(c) for c in outputs} | {tape.storage_of(inputs[i]) for i in template.writes}
    for number in range(start + 1, end):
        template, inputs, outputs = tape.entry(number)
        if any(c & 3 != CONST and tape.storage_of(c) in reached for c in inputs):
            reached |= {tape.storage_of(c) for c in outputs} | {tape.storage_of(inputs[i]) for i in template.writes}
    return reached
