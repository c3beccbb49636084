"""Where a wrong gradient is wrong: rows, then columns, then entries, by splitting what one reading saw."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from . import complexstep, probes
from .probes import Reading
from .verdict import Check

ENTRIES = 64
CEILING = 400
KEPT = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a gradient against the truth; ``wrong`` means beyond the error bound."""

    index: tuple[int, ...]
    analytic: float
    truth: float
    bound: float

    @property
    def wrong(self) -> bool:
        """Whether the two differ by more than twice the bound."""
        return abs(self.analytic - self.truth) > 2 * self.bound


@dataclass(frozen=True, slots=True)
class Location:
    """Rows (first axis) and columns (the rest, flattened) that hold wrong entries, and the entries measured.

    ``complete`` is False when the evaluations allowed did not reach to look everywhere.
    """

    shape: tuple[int, int]
    rows: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    evaluations: int = 0
    complete: bool = True


class Meter:
    """Readings along directions of our choice, by the oracle that gave the verdict, within a number of evaluations."""

    def __init__(self, check: Check, exact: bool, allowed: int) -> None:
        self.check, self.exact = check, exact
        self.started, self.allowed = check.target.evaluations, allowed

    @property
    def spent(self) -> int:
        """Loss evaluations so far."""
        return self.check.target.evaluations - self.started

    def affords(self, readings: int = 1) -> bool:
        """Whether so many more readings fit."""
        return self.spent + readings * (1 if self.exact else 2) <= self.allowed

    def read(self, direction: np.ndarray) -> tuple[float, float]:
        """Gap along `direction` and its bound."""
        if self.exact:
            try:
                return self._exact(direction)
            except complexstep.Unsupported:
                self.exact = False
        ladder = self.check.ladder
        assert ladder is not None
        sample = probes.sample(self.check.target, self.check.index, self.check.gradient, direction, ladder.best.h)
        return (sample.odd, ladder.best.error) if sample.finite else (0.0, math.inf)

    def _exact(self, direction: np.ndarray) -> tuple[float, float]:
        gap = self.check.target.slope(self.check.index, direction) - self.check.analytic(direction)
        size = probes.slope(np.abs(self.check.gradient), np.abs(direction))
        return gap, 60 * self.check.unit * size + 12 * self.check.scatter


def locate(check: Check, reading: Reading, exact: bool) -> Location:
    """Rows, columns and up to 64 entries that are wrong, in at most rows + columns + 64 loss evaluations."""
    shape = check.gradient.shape
    rows = shape[0] if shape else 1
    columns = check.gradient.size // rows
    meter = Meter(check, exact, min(rows + columns + ENTRIES, CEILING))
    with check.target.at_most(meter.allowed):
        return _located(meter, reading, rows, columns)


def _located(meter: Meter, reading: Reading, rows: int, columns: int) -> Location:
    shape, exact = meter.check.gradient.shape, meter.exact
    table = reading.direction.reshape(rows, columns)
    for_columns = (1 if exact else 2) * min(columns - 1, ENTRIES // 2) + KEPT
    bad_rows, whole = _split(meter, _masked_rows(table, shape), rows, reading.gap, reading.bound, for_columns)
    inside = np.zeros_like(table)
    inside[[r for r, _ in bad_rows]] = table[[r for r, _ in bad_rows]]
    bad_columns, complete = _columns(meter, inside, shape, columns, [g for _, g in bad_rows], reading.bound, KEPT)
    entries = _entries(meter, bad_rows, bad_columns, shape)
    return Location(
        (rows, columns),
        sorted(r for r, _ in bad_rows),
        sorted(c for c, _ in bad_columns),
        entries,
        meter.spent,
        whole and complete,
    )


def _columns(
    meter: Meter, inside: np.ndarray, shape: tuple[int, ...], columns: int, gaps: list[float], bound: float, keep: int
) -> tuple[list[tuple[int, float]], bool]:
    if columns == 1:
        return [(0, math.fsum(gaps))], True
    return _split(meter, _masked_columns(inside, shape), columns, math.fsum(gaps), bound, keep)


Mask = Callable[[int, int], np.ndarray]


def _masked_rows(table: np.ndarray, shape: tuple[int, ...]) -> Mask:
    def mask(low: int, high: int) -> np.ndarray:
        part = np.zeros_like(table)
        part[low:high] = table[low:high]
        return part.reshape(shape)

    return mask


def _masked_columns(table: np.ndarray, shape: tuple[int, ...]) -> Mask:
    def mask(low: int, high: int) -> np.ndarray:
        part = np.zeros_like(table)
        part[:, low:high] = table[:, low:high]
        return part.reshape(shape)

    return mask


def _split(
    meter: Meter, mask: Mask, count: int, gap: float, bound: float, reserve: int
) -> tuple[list[tuple[int, float]], bool]:
    """Blocks that differ, halved largest gap first: a half's gap is the whole's minus the other half's."""
    heap: list[tuple[float, int, int, float, float]] = [(-abs(gap), 0, count, gap, bound)]
    found: list[tuple[int, float]] = []
    while heap:
        _, low, high, gap, bound = heapq.heappop(heap)
        if high - low == 1:
            found.append((low, gap))
            continue
        if meter.spent + reserve > meter.allowed or not meter.affords():
            return found, False
        middle = (low + high) // 2
        left, left_bound = meter.read(mask(low, middle))
        halves = [(low, middle, left, left_bound), (middle, high, gap - left, bound + left_bound)]
        for start, end, part, uncertain in halves:
            if abs(part) > 2 * uncertain:
                heapq.heappush(heap, (-abs(part), start, end, part, uncertain))
    return found, True


def _entries(
    meter: Meter, rows: list[tuple[int, float]], columns: list[tuple[int, float]], shape: tuple[int, ...]
) -> list[Entry]:
    found: list[Entry] = []
    width = int(np.prod(shape[1:], dtype=int)) if shape else 1
    for row, column in _corners(len(rows), len(columns)):
        if len(found) >= ENTRIES or not meter.affords():
            break
        index = np.unravel_index(rows[row][0] * width + columns[column][0], shape) if shape else ()
        found.append(measure(meter, tuple(int(i) for i in index)))
    return found


def _corners(rows: int, columns: int) -> Iterator[tuple[int, int]]:
    """Pairs of positions, those with small sums first: both lists begin with their worst."""
    yield from sorted(((r, c) for r in range(min(rows, 64)) for c in range(min(columns, 64))), key=sum)


def measure(meter: Meter, index: tuple[int, ...]) -> Entry:
    """One entry against the truth."""
    check = meter.check
    direction = np.zeros(check.gradient.shape)
    direction[index] = check.scale
    gap, bound = meter.read(direction)
    analytic = float(check.gradient[index])
    return Entry(index, analytic, analytic + gap / check.scale, bound / check.scale)


def every_entry(check: Check, exact: bool, progress: Callable[[int, int], None] | None = None) -> list[Entry]:
    """All entries, one or two loss evaluations each; `progress(done, total)` is called after each."""
    meter = Meter(check, exact, 1 << 62)
    found = []
    for done, index in enumerate(np.ndindex(*check.gradient.shape), 1):
        found.append(measure(meter, tuple(index)))
        if progress is not None:
            progress(done, check.gradient.size)
    return found
