"""Whether a scalar of the script is about the rows that a step trains on, or about others (a monitor, a penalty)."""

from __future__ import annotations

from collections.abc import Iterable

from ..tape import CONST
from .flow import backward_slice
from .trials import Judgement, Trial
from .window import Window

Region = tuple[int, int, int]


def shares_data(made: Judgement, trial: Trial) -> bool:
    """Whether some array that meets the parameters in the loss meets them on the way to the increments too."""
    if trial.hypothesis.source != "own" or trial.hypothesis.tail:  # those are made of the step's own values
        return True
    window, h = made.window, trial.hypothesis
    targets = {window.tape.storage_of(c) for c in h.codes}
    entries = backward_slice(window.tape, targets, h.last, window.begin, window.barriers)
    if "data" not in made.kept:
        made.kept["data"] = _met(window, made.path)
    return not made.kept["data"].isdisjoint(_met(window, entries))


def _met(window: Window, entries: Iterable[int]) -> set[Region]:
    """Regions without a parameter behind them that entries with one read."""
    tape, masks = window.tape, window.masks
    found: set[Region] = set()
    for number in entries:
        if masks.entry_masks.get(number):
            for code in tape.entry(number)[1]:
                if code & 3 != CONST and not masks.of(code) and tape.shape_of(code) != ():
                    found.add((tape.storage_of(code), *tape.span_of(code)))
    return found
