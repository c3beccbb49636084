"""Memory of a replay or a sweep: one number or one piece of flat memory a storage, and the views in it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from ..tape import SCALAR, WHOLE, Tape


class State:
    """Values of storages during a replay: numbers, root arrays and the flat memory under them.

    A storage that the replay has not made is None in ``table``. ``reached`` is the entry that is being executed.
    """

    __slots__ = ("cache", "flats", "reached", "table")

    def __init__(self, size: int) -> None:
        self.table: list[Any] = [None] * size
        self.flats: dict[int, np.ndarray] = {}
        self.cache: dict[int, np.ndarray] = {}  # row of the tape's views -> the view
        self.reached = -1

    @property
    def values(self) -> Values:
        """The storages that have a value, as a mapping."""
        return Values(self)

    def get(self, storage: int) -> Any:
        """The storage's number or root array; None where there is none."""
        table = self.table
        return table[storage] if storage < len(table) else None

    def set(self, storage: int, value: Any, flat: np.ndarray | None = None) -> None:
        """The storage's number or root array becomes ``value``; ``flat`` is the memory of a root array."""
        self.grow(storage + 1)
        self.table[storage] = value
        if flat is not None:
            self.flats[storage] = flat

    def grow(self, size: int) -> None:
        """Make room for storages that the tape has gained."""
        self.table += [None] * (size - len(self.table))

    def fork(self, written: Iterable[int]) -> State:
        """A copy whose arrays may be written where ``written`` says so; the others are shared."""
        other = State(0)
        other.table, other.flats = list(self.table), dict(self.flats)
        for storage in written:
            flat = self.flats.get(storage)
            if flat is not None:
                copy = flat.copy()
                root = self.table[storage]
                start = root.__array_interface__["data"][0] - flat.__array_interface__["data"][0] if root.size else 0
                other.set(storage, np.ndarray(root.shape, copy.dtype, copy, int(start), root.strides), copy)
        return other


class Values:
    """The values of a state by storage."""

    __slots__ = ("_state",)

    def __init__(self, state: State) -> None:
        self._state = state

    def __contains__(self, storage: int) -> bool:
        return self._state.get(storage) is not None

    def __getitem__(self, storage: int) -> Any:
        found = self._state.get(storage)
        if found is None:
            raise KeyError(storage)
        return found

    def get(self, storage: int, default: Any = None) -> Any:
        """As of a dict."""
        found = self._state.get(storage)
        return default if found is None else found

    def __setitem__(self, storage: int, value: Any) -> None:
        self._state.set(storage, value)


class Buffers:
    """Adjoints (or their bounds) by storage: a number for a scalar, flat memory for an array, both float64.

    A storage without any counts as zero.
    """

    __slots__ = ("arrays", "numbers")

    def __init__(self, size: int) -> None:
        self.numbers = array("d", bytes(8 * size))
        self.arrays: dict[int, np.ndarray] = {}

    def __contains__(self, storage: int) -> bool:
        return storage in self.arrays or 0 <= storage < len(self.numbers) and self.numbers[storage] != 0.0

    def __getitem__(self, storage: int) -> np.ndarray:
        found = self.get(storage)
        if found is None:
            raise KeyError(storage)
        return found

    def get(self, storage: int) -> np.ndarray | None:
        """Flat memory of the storage (of a scalar a copy), or None."""
        found = self.arrays.get(storage)
        if found is None and storage in self:
            return np.array([self.numbers[storage]])
        return found


@lru_cache(maxsize=4096)
def below(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Elements before the first one in memory: roots with negative strides begin at its end."""
    return sum(-(n - 1) * s for n, s in zip(shape, strides, strict=True) if s < 0 and n)


@lru_cache(maxsize=4096)
def extent(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, int]:
    """Elements before the first one in memory, and elements in all."""
    if 0 in shape:
        return 0, 0
    before = below(shape, strides)
    return before, before + 1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True) if s > 0)


def span(tape: Tape, storage: int) -> tuple[int, int]:
    """`extent` of a storage's root; (0, 1) for a scalar."""
    layout = tape.storage_layout[storage]
    if layout < 0:
        return 0, 1
    shape, strides, _ = tape.layouts[layout]
    return extent(shape, strides)


def place(tape: Tape, code: int) -> tuple[int, int, tuple[int, ...], tuple[int, ...]]:
    """Storage, first element, shape and strides of an operand."""
    tag = code & 3
    index = code >> 2
    if tag == SCALAR:
        return index, 0, (), ()
    if tag == WHOLE:
        shape, strides, _ = tape.layouts[tape.storage_layout[index]]
        return index, 0, shape, strides
    storage, offset, layout = tape.views[index]
    shape, strides, _ = tape.layouts[layout]
    return storage, offset, shape, strides


def window(tape: Tape, buffer: np.ndarray, code: int) -> np.ndarray:
    """The part of a storage's flat memory (of 8-byte items) that belongs to an operand, as a view."""
    storage, offset, shape, strides = place(tape, code)
    if 0 in shape:
        return np.zeros(shape, buffer.dtype)
    start = offset + span(tape, storage)[0]
    return np.ndarray(shape, buffer.dtype, buffer, start * 8, tuple(s * 8 for s in strides))


@lru_cache(maxsize=4096)
def overlaps(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether two entries of a view are one place in memory (broadcast or sliding windows)."""
    reach = 0
    for step, length in sorted((abs(s), n) for n, s in zip(shape, strides, strict=True) if n > 1):
        if step <= reach:
            return True
        reach += step * (length - 1)
    return False
