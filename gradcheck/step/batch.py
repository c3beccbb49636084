"""The batch size of a step, and the weight of one row in its loss, found by computation.

Rows of a batch do not mix on their way to the loss: the derivative of an output row reaches its own data row and no
other. One reverse sweep tests all axes at once: an entry of the output whose index is even along an axis gets a seed
that is smaller by thirty orders of magnitude. Where half of the data's entries see only the small seeds, the axis is
one of rows; where classes or time mix, every entry sees a large one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ..replay.adjoint import Reverse, Sweep
from ..replay.forward import ReplayError
from ..tape import CONST, Tape
from . import heads
from .flow import backward_slice
from .trials import Judgement, Trial, Weight

STEP = 30  # decimal orders between two levels of seeds
MOST_BITS = 3
ENOUGH = (0.6, 0.4)  # of the expected share, for executions and for axes of arrays: dead rows take some
FEW = 0.2  # of a parameter's entries may be reached by smaller seeds only
SAME = 1e-9
MOST_ROWS = 64
READERS = frozenset(("op", "inplace", "element", "call", "store"))


@dataclass(slots=True)
class Meeting:
    """What the loss adds up: executions of one line with arrays of one shape. ``codes`` are operands of ``entries``."""

    shape: tuple[int, ...]
    entries: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Test:
    """An axis (0: executions) whose even indices get small seeds, or (``half``) the first half of them."""

    axis: int
    half: bool

    def small(self, index: np.ndarray, length: int) -> np.ndarray:
        """1 where the seed is a small one."""
        return np.asarray(index < length // 2 if self.half else 1 - (index & 1), int)

    def separates(self, small: np.ndarray, length: int) -> bool:
        """Whether as large a part of the data sees only small seeds as there are small seeds."""
        expected = float(np.mean(self.small(np.arange(length), length)))
        share = float(np.mean(small))
        return ENOUGH[self.axis > 0] * expected < share < 1.0


def _tests(lengths: list[int]) -> list[Test]:
    """The tests that fit into one sweep: single indices first, then halves, which show rows of several entries."""
    axes = [axis for axis, n in enumerate(lengths) if n > 1]
    axes = sorted({axes[0], axes[1], axes[-1]}) if len(axes) > MOST_BITS else axes
    halves = [Test(axis, True) for axis in axes if lengths[axis] > 2]
    return [*(Test(axis, False) for axis in axes), *halves][:MOST_BITS]


def of_trial(made: Judgement, trial: Trial, tape: Tape) -> int | None:
    """The batch size of an accepted hypothesis; None where rows and other axes cannot be told apart."""
    finder = _Finder(made, trial, tape)
    try:
        for meeting in finder.meetings():
            size = finder.rows(meeting)
            if size is None or size:
                return size
    except ReplayError:
        return None
    return None


def weight(made: Judgement, trial: Trial, tape: Tape) -> Weight | None:
    """How much a row weighs in the loss of a hypothesis; None where the rows differ, or it cannot be told."""
    try:
        return _Finder(made, trial, tape).weight()
    except ReplayError:
        return None


class _Finder:
    def __init__(self, made: Judgement, trial: Trial, tape: Tape) -> None:
        self.made = made
        self.trial = trial
        self.tape = tape
        self.window = made.window
        h = trial.hypothesis
        targets = {tape.storage_of(c) for c in h.codes}
        self.slice = [
            e
            for e in backward_slice(tape, targets, h.last, self.window.begin, self.window.barriers)
            if e not in self.window.barriers and self._of_step(self.window.masks.entry_masks.get(e, 0))
        ]

    def _of_step(self, mask: int) -> bool:
        """Whether an entry depends on a parameter, and on no version that the loss does not read."""
        return bool(mask) and not mask & ~self.trial.hypothesis.mask

    # where rows are added up

    def meetings(self) -> list[Meeting]:
        """Arrays that the loss adds up, the most downstream first; numbers that meet targets where there are none."""
        head = self.trial.head
        if head is not None:
            return self._gathered(zip(head.entries, head.outputs, strict=True))
        met = heads.find(self.window, set(self.slice), self.trial.hypothesis.last)
        pairs = [list(zip(h.entries, h.outputs, h.targets, strict=True)) for h in reversed(met)]
        arrays = [[(e, o) for e, o, t in found if not _single(self.tape, t)] for found in pairs]
        summed = [m for found in arrays for m in self._gathered(found)] + self._gathered(self._summed())
        numbers = [m for found in pairs for m in self._gathered((e, o) for e, o, _ in found)]
        return summed or sorted(numbers, key=lambda m: len(m.entries) == 1)

    def _summed(self) -> Iterable[tuple[int, int]]:
        """Entries that make one number of an array, with that array."""
        tape = self.tape
        for number in reversed(self.slice):
            _, inputs, outputs = tape.entry(number)
            if not outputs or not all(_single(tape, c) for c in outputs):
                continue
            for code in inputs:
                if code & 3 != CONST and not _single(tape, code) and self.window.masks.of(code):
                    yield number, code

    def _gathered(self, found: Iterable[tuple[int, int]]) -> list[Meeting]:
        sites: dict[tuple[int, tuple[int, ...]], Meeting] = {}
        for entry, code in found:
            shape = self.tape.shape_of(code)
            meeting = sites.setdefault((self.tape.site_of(entry), shape), Meeting(shape))
            meeting.entries.append(entry)
            meeting.codes.append(code)
        for meeting in sites.values():
            order = np.argsort(meeting.entries, kind="stable")
            meeting.entries = [meeting.entries[i] for i in order]
            meeting.codes = [meeting.codes[i] for i in order]
        return list(sites.values())

    # which axes are rows

    def rows(self, meeting: Meeting) -> int | None:
        """Number of independent rows; 0 where no data is seen, None where several axes or none behave like rows."""
        lengths = [len(meeting.entries), *meeting.shape]
        tests = _tests(lengths)
        pools = self._pools()
        sweep = self._sweep(meeting, tests, {s for pool in pools for s in pool})
        # The first layer's data: what enters later may be targets, which keep classes apart as well.
        found = ((pool, _levels(sweep, pool)) for pool in pools)
        first, levels = next((pair for pair in found if pair[1].size > 1), ([], None))
        if levels is None:
            return 0
        shared = self._shared(sweep, int(levels.min()), len(tests))
        apart = [t for bit, t in enumerate(tests) if bit in shared and t.separates(levels >> bit & 1, lengths[t.axis])]
        single = {t.axis for t in apart if not t.half}
        inner = sorted(single - {0})
        blocks = {t.axis for t in apart} - single  # rows and something else along one axis
        if len(inner) > 1 or blocks or not single and self._shares_a_length(meeting, first):
            return None
        size = lengths[inner[0]] if inner else 1
        return size * (lengths[0] if 0 in single else 1)

    def _shared(self, sweep: Sweep, largest: int, bits: int) -> set[int]:
        """Bits of the axes along which some parameter serves every index: features have weights of their own.

        ``largest`` is the level of the largest seed that reaches anything.
        """
        found: set[int] = set()
        for version in self.window.in_mask(self.trial.hypothesis.mask):
            levels = _of_size(self.window.adjoint(sweep, version, self.trial.recording)[0])
            differ = (levels ^ largest)[:, None] >> np.arange(bits) & 1
            found |= {bit for bit in range(bits) if levels.size and float(np.mean(differ[:, bit])) < FEW}
        return found

    def _pools(self) -> list[list[int]]:
        """Storages of data that enter the step, by the place where they do."""
        tape = self.tape
        found: dict[tuple[int, int], dict[int, None]] = {}
        for entry, code in self._data():
            place = list(tape.entry(entry)[1]).index(code)
            found.setdefault((tape.site_of(entry), place), {})[tape.storage_of(code)] = None
        return [list(pool) for pool in found.values()]

    def data(self) -> Iterator[tuple[int, int]]:
        """Entries and operands of the data that the loss reads, targets included."""
        yield from self._data()
        head = self.trial.head
        if head is not None and not head.labels:
            yield from zip(head.entries, head.targets, strict=True)

    def _data(self) -> Iterator[tuple[int, int]]:
        """Entries of the step with the operands that no parameter reaches."""
        tape, active = self.tape, self.window.active()
        for number in self.slice:
            template, inputs, _ = tape.entry(number)
            if template.kind not in READERS:
                continue
            for code in inputs:
                if code & 3 != CONST and tape.storage_of(code) not in active:
                    dtype = tape.dtype_of(tape.storage_of(code))
                    if dtype is None or dtype.kind in "fiub":
                        yield number, code

    def _sweep(self, meeting: Meeting, tests: list[Test], data: set[int]) -> Sweep:
        rng = np.random.default_rng(0)
        lengths = [len(meeting.entries), *meeting.shape]
        seeds = []
        for number, (entry, code) in enumerate(zip(meeting.entries, meeting.codes, strict=True)):
            places = np.indices((1, *meeting.shape))
            places[0] += number
            level = np.zeros((1, *meeting.shape), int)
            for bit, test in enumerate(tests):
                level |= test.small(places[test.axis], lengths[test.axis]) << bit
            seeds.append((entry, code, rng.uniform(0.5, 1.5, meeting.shape) * 10.0 ** (-STEP * level[0])))
        reverse = Reverse(self.trial.recording, self.window.active() | data, self.window.captures)
        return reverse.sweep(seeds)

    def _shares_a_length(self, meeting: Meeting, data: list[int]) -> bool:
        """Whether an axis is as long as one of the data's: rows may mix (a batch norm), or be time (attention)."""
        tape = self.tape
        arrays = (tape.layouts[tape.storage_layout[s]][0] for s in data if tape.storage_layout[s] >= 0)
        return any({n for n in meeting.shape if n > 1} & set(shape) for shape in arrays)

    # how much a row weighs

    def weight(self) -> Weight | None:
        """The loss's derivative by the terms that it adds up over the rows, if it is the same for all of them."""
        if self.trial.head is not None:
            return Weight(1.0, None)  # standard losses are sums over rows
        meetings = self._gathered(self._summed()) or self.meetings()
        reverse = Reverse(self.trial.recording, self.window.active(), self.window.captures)
        # What comes back from the sum itself: a term that was written over before has no derivative by its old value.
        reverse.divided = {self.tape.storage_of(code) for meeting in meetings for code in meeting.codes}
        sweep = reverse.sweep(self.trial.seeds)
        for meeting in meetings:
            pairs = zip(meeting.entries, meeting.codes, strict=True)
            g = np.abs(np.concatenate([np.ravel(_came_back(sweep, *pair, self.tape)) for pair in pairs]))
            top = float(g.max(initial=0.0))
            # A penalty on the weights is a sum as well, but no data reaches it.
            if top > 0 and float(g.min()) > top * (1 - SAME) and self.rows(meeting) != 0:
                return Weight(top, g.size)
        return None


def _came_back(sweep: Sweep, entry: int, code: int, tape: Tape) -> np.ndarray:
    """The derivative by an operand through one entry; where that was not kept apart, by the operand's whole storage."""
    share = sweep.shares.get((entry, code))
    if share is not None:
        return share
    found = sweep.adjoints.get(tape.storage_of(code))
    return np.zeros(1) if found is None else np.asarray(found)


def _single(tape: Tape, code: int) -> bool:
    return code & 3 == CONST or int(np.prod(tape.shape_of(code), dtype=int)) == 1


def _levels(sweep: Sweep, storages: list[int]) -> np.ndarray:
    """The level of the largest seed that each entry of the data sees; entries that see none are left out."""
    found = [np.ravel(g) for g in map(sweep.adjoints.get, storages) if g is not None]
    return _of_size(np.concatenate(found) if found else np.zeros(0))


def _of_size(values: np.ndarray) -> np.ndarray:
    sizes = np.abs(values[(values != 0) & np.isfinite(values)])
    return np.asarray(np.clip(np.rint(-np.log10(sizes) / STEP), 0, None), int)


def fingerprint(made: Judgement, trial: Trial, tape: Tape, size: int) -> list[list[int]]:
    """For each data array of the step that has ``size`` rows, a checksum of each of its first rows."""
    finder = _Finder(made, trial, tape)
    found: dict[int, list[int]] = {}
    for entry, code in finder.data():
        shape = tape.shape_of(code)
        if code in found or size not in shape:
            continue
        position = list(tape.entry(entry)[1]).index(code)
        value = np.asarray(trial.recording.operands(entry)[0][position])
        rows = np.moveaxis(value, shape.index(size), 0)[:MOST_ROWS]
        found[code] = [zlib.crc32(np.ascontiguousarray(row).tobytes()) for row in rows]
    return list(found.values())
