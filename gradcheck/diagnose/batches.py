"""Minibatches over epochs: which rows they hold, in which order, and whether the labels of the data are in an order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..replay.forward import ReplayError
from ..step.chains import Chain
from ..step.pairing import pairing
from ..step.rows import Rows, given
from .stepview import StepView

FEWEST_ROWS = 30
FEWEST_STEPS = 2
FAR = 4.0  # standard deviations from what a random order of the labels would give
MOST_CLASSES = 40


Numbered = dict[int, Chain]  # number of the step in its epoch -> the rows of it


@dataclass(frozen=True, slots=True)
class Epochs:
    """Row numbers in the data set, for the recorded steps of two epochs."""

    first: Numbered
    second: Numbered

    @property
    def same(self) -> bool:
        """Whether both epochs, as far as they were recorded, hold the same rows in the same steps."""
        both = self.first.keys() & self.second.keys()
        return len(both) >= FEWEST_STEPS and all(
            np.array_equal(self.first[n].origin.ids, self.second[n].origin.ids) for n in both
        )

    @property
    def in_slices(self) -> bool:
        """Whether the steps of the first epoch take one slice after the other of the data set as it was given."""
        ids = {n: c.origin.ids for n, c in self.first.items()}
        follow = all(ids[n + 1][0] == i[-1] + 1 for n, i in ids.items() if n + 1 in ids)
        return follow and all(np.all(np.diff(i) == 1) for i in ids.values())


def epochs(rows: Rows) -> Epochs | None:
    """The first two epochs, at least two steps of each; None where fewer were recorded."""
    if rows.place is None or rows.key is None:
        return None
    found: dict[int, Numbered] = {}
    for n, step in enumerate(rows.steps):
        chain = rows.place.chain(n, rows.key)
        if chain is None:
            return None
        found.setdefault(step.epoch, {})[step.number] = chain
    every = list(found.values())
    if len(every) == 1:
        every = _by_period(list(every[0].values()))
    return Epochs(*every[:2]) if len(every) > 1 else None


def _by_period(steps: list[Chain]) -> list[Numbered]:
    """One loop that walks through the data again and again: the epochs are its periods."""
    first = steps[0].origin.ids
    period = next((n for n in range(1, len(steps)) if np.array_equal(steps[n].origin.ids, first)), 0)
    starts = range(0, len(steps), period) if period else [0]
    return [dict(enumerate(steps[n : n + period] if period else steps)) for n in starts]


def carries_state(view: StepView) -> bool:
    """Whether a step reads something that the step before computed, other than parameters and optimiser state."""
    made, tape = view.made, view.tape
    rows = made.rows
    if rows is None or len(rows.steps) < 2:
        return False
    first, second = rows.steps[:2]
    kept = {tape.storage_of(u.new) for c in (*made.parameters, *made.states, *made.others) for r in c.rounds for u in r}
    updates = {u.entry for c in made.parameters for r in c.rounds for u in r}
    masks = made.window.masks.entry_masks
    for number in sorted(made.path):
        if not second.begin <= number < second.end:
            continue
        if number in updates:
            return False
        for code in tape.entry(number)[1]:
            storage = tape.storage_of(code)
            if storage < 0 or storage in kept:
                continue
            born = tape.storage_born[storage]
            if first.begin <= born < first.end and masks.get(born):
                return True
    return False


def label_order(view: StepView) -> str:
    """Whether the targets of the data set are in an order ("sorted") or in none ("random"; "drawn" where the script
    itself drew the data at random), "" where it is not known.
    """
    rows = view.made.rows
    chain = rows.first if rows is not None else None
    if rows is None or chain is None:
        return ""
    begin = rows.steps[0].begin
    for place in rows.targets:
        for other in place.chains[0].values():
            found, level = pairing(chain, other), given(other, begin)
            if found is None or found.share < 1.0 or level is None or not rows.apart(other, 0):
                continue
            if np.any(np.diff(level.ids) != 1):
                continue
            values = _values(view, level.storage, level.axis)
            if values is not None and len(values) >= FEWEST_ROWS:
                if abs(_score(values)) > FAR:
                    return "sorted"
                return "drawn" if view.tape.drawn & {other.origin.storage, chain.origin.storage} else "random"
    return ""


def _values(view: StepView, storage: int, axis: int) -> np.ndarray | None:
    """One number for each row of a target array."""
    recording = view.made.recording
    if recording is None:
        return None
    try:
        array = np.asarray(recording.replay.load(recording.state, storage * 4 + 1))
    except ReplayError:
        return None
    if array.dtype.kind not in "fiub":
        return None
    table = np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)
    if table.shape[1] == 1:
        return table[:, 0]
    indicator = bool(np.all((table == 0) | (table == 1)) and np.all(table.sum(axis=1) == 1))
    return np.argmax(table, axis=1) if indicator else table[:, 0]


def _score(values: np.ndarray) -> float:
    """Standard deviations by which equal (or, for numbers, like) neighbours are more frequent than by chance."""
    n = len(values)
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(counts) <= min(MOST_CLASSES, n // 3):
        share = float(np.sum(counts * (counts - 1.0))) / (n * (n - 1.0))
        spread = np.sqrt(max((n - 1) * share * (1 - share), 1e-12))
        return float((np.sum(codes[1:] == codes[:-1]) - (n - 1) * share) / spread)
    ranks = np.argsort(np.argsort(values)) - (n - 1) / 2
    return float(np.sum(ranks[1:] * ranks[:-1]) / np.sum(ranks * ranks) * np.sqrt(n))
