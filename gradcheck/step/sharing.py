"""Whether a scalar of the script is about the rows that a step trains on, or about others (a monitor, a penalty)."""

from __future__ import annotations

import operator
from collections.abc import Iterable

import numpy as np

from ..tape import CONST
from .flow import backward_slice
from .hypotheses import Hypothesis
from .trials import Judgement, Trial
from .window import Window

Region = tuple[int, int, int]
MOST_LINKS = 40
SIZES = frozenset((abs, np.abs, np.fabs))
PASSING = frozenset(
    (np.mean, np.ndarray.mean, np.sum, np.ndarray.sum, sum, float, np.float64, operator.mul, operator.truediv)
    + (operator.add, np.add, np.multiply, np.divide, np.average)
)


def shares_data(made: Judgement, trial: Trial) -> bool:
    """Whether some array that meets the parameters in the loss meets them on the way to the increments too."""
    if trial.hypothesis.source != "own":  # made of the step's own values
        return True
    window, h = made.window, trial.hypothesis
    targets = {window.tape.storage_of(c) for c in h.codes}
    entries = backward_slice(window.tape, targets, h.last, window.begin, window.barriers)
    if h.tail:  # computed elsewhere, with the step's own values in: a penalty alone is about no rows at all
        return bool(_met(window, entries))
    if "data" not in made.kept:
        made.kept["data"] = _met(window, made.path)
    return not made.kept["data"].isdisjoint(_met(window, entries))


def _met(window: Window, entries: Iterable[int]) -> set[Region]:
    """Regions without a parameter behind them that entries with one read."""
    tape, masks = window.tape, window.masks
    every = (u for c in window.candidates for r in c.rounds for u in r)
    updated = {tape.storage_of(code) for u in every for code in (u.old, u.new)}
    found: set[Region] = set()
    for number in entries:
        if masks.entry_masks.get(number):
            for code in tape.entry(number)[1]:
                storage = tape.storage_of(code) if code & 3 != CONST else -1
                if storage >= 0 and storage not in updated and not masks.of(code) and tape.shape_of(code) != ():
                    found.add((storage, *tape.span_of(code)))
    return found


def is_size_of_error(window: Window, h: Hypothesis) -> bool:
    """Whether a scalar is a sum or mean of absolute values, and nothing else."""
    tape = window.tape
    queue = [c for c in h.codes if c & 3 != CONST]
    found = False
    for code in queue:
        entry = tape.storage_born[tape.storage_of(code)]
        if entry < 0 or not window.masks.of(code):
            continue
        template, inputs, _ = tape.entry(entry)
        if template.fn in SIZES:
            found = True
        elif template.fn in PASSING and len(queue) < MOST_LINKS:
            queue += [c for c in inputs if c & 3 != CONST]
        else:
            return False
    return found
