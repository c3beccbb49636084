"""Softmaxes on the tape: exponentials that are divided by their own sum.

Known by what they compute: the numerator of a division was made by an exponential, and the quotients sum to one along
the axes that the divisor was broadcast over. Whether something was subtracted before shows in the numerators: the
largest of each sum is exactly 1 where its own maximum was taken away.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..ops.arithmetic import QUOTIENTS
from ..replay.forward import ReplayError
from ..step.flow import backward_slice
from ..step.probe import given, move
from ..tape import Template
from .stepview import StepView

EXPONENTIALS = frozenset((np.exp, math.exp))
DIVISIONS = QUOTIENTS | {operator.itruediv}
LOGARITHMS = frozenset((np.log, math.log))
SUMS = frozenset((np.sum, np.ndarray.sum, np.add.reduce, sum))
ONE = 1e-6
EXACT = 1e-12
MOST_OF_A_PLACE = 4096
MOST_OF_ONE_SUM = 64
FAR, FARTHER = 1e3, 1e6
GROWS = 30.0

ROWS, WHOLE_ARRAY, NOTHING = "each sum's own maximum", "the maximum of the whole array", "nothing"


# What an operation may be here; 0: nothing.
DIVIDES, LOGS, WRITES = 1, 2, 3


@dataclass(slots=True)
class Softmax:
    """The executions of one division. ``axes`` are those that one sum runs over (None: single numbers)."""

    division: int
    exponential: int
    axes: tuple[int, ...] | None
    shape: tuple[int, ...] = ()
    divisions: list[int] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)  # largest numerator of each sum
    tops: list[float] = field(default_factory=list)  # largest numerator of each execution, where it holds several sums

    @property
    def shift(self) -> str:
        """What was subtracted before the exponential."""
        told = [p for p in self.peaks if math.isfinite(p)]
        if all(abs(p - 1) < EXACT for p in told):
            return ROWS
        if self.tops and all(abs(p - 1) < EXACT for p in self.tops):
            return WHOLE_ARRAY
        return NOTHING


def find(view: StepView) -> list[Softmax]:
    """All softmaxes of the judged steps that depend on a parameter, one for each place in the source."""
    search = _Search(view)
    search.run()
    return [s for s in search.found.values() if s.divisions]


def _role(template: Template) -> int:
    if template.fn in DIVISIONS and template.inputs == 2:
        return DIVIDES
    if template.fn in LOGARITHMS and template.inputs == 1:
        return LOGS
    return WRITES if template.writes else 0


class _Search:
    """One pass over the judged steps; ``written`` holds the entry that last wrote into each storage."""

    def __init__(self, view: StepView) -> None:
        self.tape = view.tape
        self.recording = view.made.recording
        self.masks = view.made.window.masks.entry_masks
        self.found: dict[int, Softmax] = {}
        self.written: dict[int, int] = {}
        # place and divisor -> entry, numerator, share
        self.numbers: dict[tuple[int, int], list[tuple[int, float, float]]] = {}

    def run(self) -> None:
        """Look at every division and logarithm."""
        tape = self.tape
        if self.recording is None or not any(t.fn in EXPONENTIALS for t in tape.templates):
            return
        roles = [_role(t) for t in tape.templates]
        ids = tape.entry_template
        for entry in self.recording.entries:
            role = roles[ids[entry]]
            if not role:
                continue
            template, inputs, _ = tape.entry(entry)
            if role != WRITES and entry in self.masks:
                if role == DIVIDES:
                    self._division(entry, list(inputs))
                else:
                    self._logarithm(entry, inputs[0])
            for place in template.writes:
                self.written[tape.storage_of(inputs[place])] = entry
        self._settle_numbers()

    def _maker(self, code: int) -> int:
        """The entry that last wrote an operand; -1 for what existed before the tape."""
        storage = self.tape.storage_of(code)
        return self.written.get(storage, self.tape.storage_born[storage] if storage >= 0 else -1)

    def _division(self, entry: int, inputs: list[int]) -> None:
        origin = self._exponential(inputs[0])
        place = self.tape.entry_template[entry]
        known = self.found.get(place)
        if origin < 0 or known is not None and len(known.divisions) >= MOST_OF_A_PLACE:
            return
        assert self.recording is not None
        (top, bottom), _ = self.recording.operands(entry)
        with np.errstate(all="ignore"):
            shares = np.divide(top, bottom)
        if np.ndim(top) == 0 and np.ndim(bottom) == 0:
            key = (place, self.tape.storage_of(inputs[1]))
            self.numbers.setdefault(key, []).append((entry, float(top), float(shares)))
            self.found.setdefault(place, Softmax(entry, origin, None))
            return
        axes = _summed(np.shape(top), np.shape(bottom))
        if axes and (_sums_to_one(shares, axes) or (not np.isfinite(shares).any() and self._is_sum(inputs[1]))):
            known = self.found.setdefault(place, Softmax(entry, origin, axes, np.shape(top)))
            _note(known, entry, np.asarray(top), axes)

    def _logarithm(self, entry: int, code: int) -> None:
        """The logarithm of a sum of exponentials."""
        total = self._maker(code)
        if total < 0 or not self._is_sum(code):
            return
        origin = self._exponential(self.tape.entry(total)[1][0])
        if origin < 0:
            return
        assert self.recording is not None
        top, bottom = np.asarray(self.recording.operands(total)[0][0]), self.recording.operands(total)[1]
        axes = _reduced(top.shape, np.shape(bottom))
        if axes:
            known = self.found.setdefault(self.tape.entry_template[total], Softmax(total, origin, axes, top.shape))
            _note(known, total, top, axes)

    def _is_sum(self, code: int) -> bool:
        entry = self._maker(code)
        return entry >= 0 and self.tape.templates[self.tape.entry_template[entry]].fn in SUMS

    def _exponential(self, code: int) -> int:
        """The exponential that made an operand (or the array that a number was taken out of); -1 if none did."""
        tape = self.tape
        entry = self._maker(code)
        if entry >= 0 and tape.templates[tape.entry_template[entry]].kind == "element":
            entry = self._maker(tape.entry(entry)[1][0])
        return entry if entry >= 0 and tape.templates[tape.entry_template[entry]].fn in EXPONENTIALS else -1

    def _settle_numbers(self) -> None:
        """Numbers that were divided by one divisor, and sum to one."""
        for (place, _), members in self.numbers.items():
            if len(members) > 1 and not abs(sum(share for _, _, share in members) - 1) > ONE:
                known = self.found[place]
                known.divisions += [entry for entry, _, _ in members]
                if any(top != 1 for _, top, _ in members):
                    known.peaks.append(max(top for _, top, _ in members))


def _summed(top: tuple[int, ...], bottom: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of the numerator along which one divisor counts for all."""
    padded = (1,) * (len(top) - len(bottom)) + bottom
    return tuple(i for i, (n, m) in enumerate(zip(top, padded, strict=False)) if m == 1 and n > 1)


def _reduced(top: tuple[int, ...], bottom: tuple[int, ...]) -> tuple[int, ...]:
    """The axes that a sum ran over; empty where the shapes do not tell."""
    if not bottom:
        return tuple(range(len(top)))
    if len(bottom) == len(top):
        return _summed(top, bottom)
    kept = [axis for axis in range(len(top)) if (*top[:axis], *top[axis + 1 :]) == bottom]
    return (kept[-1],) if len(kept) == 1 else ()


def _sums_to_one(shares: np.ndarray, axes: tuple[int, ...]) -> bool:
    totals = np.sum(shares, axis=axes)
    told = totals[np.isfinite(totals)]
    return bool(told.size and np.all(np.abs(told - 1) < ONE))


def _note(found: Softmax, entry: int, top: np.ndarray, axes: tuple[int, ...]) -> None:
    if np.all(top == 1):  # all scores are zero: whether anything is subtracted cannot be seen
        found.divisions.append(entry)
        return
    peaks = np.max(top, axis=axes)
    found.divisions.append(entry)
    found.peaks += np.ravel(peaks).tolist()
    if np.size(peaks) > 1:
        found.tops.append(float(np.max(top)))


def largest_score(view: StepView, found: Softmax) -> float:
    """The largest argument of the exponential at the recorded values."""
    assert view.made.recording is not None
    operands = view.made.recording.operands
    return max(float(np.max(operands(e)[0][0])) for e in _exponentials(view, found))


def _exponentials(view: StepView, found: Softmax) -> list[int]:
    """The first executions of the exponential."""
    tape, made = view.tape, view.made
    assert made.recording is not None
    place = tape.entry_template[found.exponential]
    same = [e for e in made.recording.entries if tape.entry_template[e] == place]
    return [e for e in same if e <= found.divisions[0]][:MOST_OF_ONE_SUM]


def stands_alone(view: StepView, found: Softmax) -> bool:
    """Whether the exponential's result is used for this quotient only: as numerator and in its own sum."""
    tape, made = view.tape, view.made
    assert made.recording is not None
    storage = tape.storage_of(tape.entry(found.exponential)[2][0])
    readers = []
    for entry in made.recording.entries:
        if found.exponential < entry <= found.division and storage in map(tape.storage_of, tape.entry(entry)[1]):
            readers.append(tape.templates[tape.entry_template[entry]].fn)
    return len(readers) == 2 and readers[0] in SUMS and readers[1] in DIVISIONS


def departure(view: StepView, found: Softmax) -> float:
    """How far the quotients are from those of scores whose maximum was subtracted, relative to the largest."""
    assert view.made.recording is not None and found.axes is not None
    recording = view.made.recording
    scores = np.asarray(recording.operands(found.exponential)[0][0], float)
    (top, bottom), _ = recording.operands(found.division)
    raised = np.exp(scores - np.max(scores, axis=found.axes, keepdims=True))
    shares = raised / np.sum(raised, axis=found.axes, keepdims=True)
    return float(np.max(np.abs(shares - np.asarray(top) / bottom)) / np.max(shares))


def can_grow(view: StepView, found: Softmax) -> bool:
    """Whether the scores rise without limit with the parameters: replayed with all of them far from zero."""
    entries = _exponentials(view, found)
    try:
        far, farther = (max(_scores_at(view, entries, sign * f) for sign in (1, -1)) for f in (FAR, FARTHER))
    except ReplayError:
        return False
    return farther > GROWS * max(far, 1.0)


def _scores_at(view: StepView, exponentials: list[int], factor: float) -> float:
    """The largest score with all parameters multiplied by a factor."""
    made, tape, window = view.made, view.tape, view.made.window
    assert made.recording is not None
    replay, state = made.recording.replay, window.fork()
    for v in window.versions:
        if v.round_ == 0 and v.index == 0 and v.candidate in made.parameters and given(made, v):
            value = np.asarray(replay.load(window.base, v.code), float)
            move(replay, state, v, (factor - 1) * value + factor * 0.01 * _noise(value.shape))
    codes = [tape.entry(e)[1][0] for e in exponentials]
    entries = backward_slice(tape, {tape.storage_of(c) for c in codes}, exponentials[-1], window.begin)
    known = set(made.recording.entries)
    replay.run(state, [e for e in entries if e in known])
    return max(float(np.max(np.asarray(replay.load(state, c), float))) for c in codes)


def _noise(shape: tuple[int, ...]) -> Any:
    return np.random.default_rng(0).standard_normal(shape)
