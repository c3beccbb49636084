"""Row numbers: what the rows of an operand are in each of the arrays that they passed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_CHAINS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """Row numbers in one array: ``ids[i]`` is the row of ``storage`` along ``axis`` that row i of the operand is.

    ``time`` is the entry after which the array is complete (half an entry earlier for one that came from outside),
    ``count`` how many rows it has.
    """

    storage: int
    axis: int
    count: int
    time: float
    ids: np.ndarray

    @property
    def key(self) -> tuple[int, int, float]:
        """What makes two levels the same array at the same time."""
        return self.storage, self.axis, self.time


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Levels from the operand to its origin, and the entries that put rows into another order, with that order."""

    levels: tuple[Level, ...]
    moves: tuple[tuple[int, np.ndarray], ...] = ()

    @property
    def origin(self) -> Level:
        """The deepest level."""
        return self.levels[-1]

    def take(self, ids: np.ndarray, entry: int = -1) -> Chain:
        """The chain of these rows, picked by ``entry``."""
        levels = tuple(Level(v.storage, v.axis, v.count, v.time, v.ids[ids]) for v in self.levels)
        moved = entry >= 0 and ids.size > 1 and bool(np.any(np.diff(ids) < 0))
        return Chain(levels, ((entry, ids), *self.moves) if moved else self.moves)


def distinct(chains: list[Chain]) -> list[Chain]:
    """Chains without those that say the same of the same origin."""
    out: list[Chain] = []
    for c in chains:
        if not any(c.origin.key == o.origin.key and np.array_equal(c.origin.ids, o.origin.ids) for o in out):
            out.append(c)
    return out[:MOST_CHAINS]


def joined(chains: list[Chain]) -> Chain | None:
    """The chain of rows that are put after each other; None when they have no array in common."""
    shared = [level.key for level in chains[0].levels]
    for c in chains[1:]:
        keys = {level.key for level in c.levels}
        shared = [k for k in shared if k in keys]
    if not shared:
        return None
    levels = []
    for key in shared:
        found = [next(level for level in c.levels if level.key == key) for c in chains]
        ids = np.concatenate([level.ids for level in found])
        levels.append(Level(found[0].storage, found[0].axis, found[0].count, found[0].time, ids))
    moves = chains[0].moves
    deepest = levels[-1].ids
    if len(chains) > 1 and np.any(np.diff(deepest) < 0):
        moves = ((-1, deepest), *moves)
    return Chain(tuple(levels), moves)


def joined_all(parts: list[list[Chain]]) -> list[Chain]:
    """The chains of rows put after each other, for every origin that all parts have; those that change come first."""
    out = []
    by_origin = [unmixed(part) for part in parts]
    for key in by_origin[0]:
        line = [part.get(key) for part in by_origin]
        if None not in line:
            chain = joined([c for c in line if c is not None])
            if chain is not None:
                out.append(chain)
    return sorted(distinct(out), key=lambda c: bool(np.all(c.origin.ids == c.origin.ids[0])))


def unmixed(chains: list[Chain]) -> dict[tuple[int, int], Chain]:
    """Chains by origin (storage and axis), without origins of which several rows were mixed: differences, mixup."""
    out: dict[tuple[int, int], Chain] = {}
    mixed = set()
    for c in chains:
        key = c.origin.storage, c.origin.axis
        if key in out and not np.array_equal(out[key].origin.ids, c.origin.ids):
            mixed.add(key)
        out.setdefault(key, c)
    return {key: c for key, c in out.items() if key not in mixed}
