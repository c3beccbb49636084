"""Factors that are a power of a known value, or an exponential of one: straight lines between logarithms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from . import forms
from .spot import Known, Spot

EXPONENTS = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0)
SAMPLE = 2048
ALIKE = 1e-7  # relative distance of logarithms from a line; then the factor is compared itself
FEWEST = 3  # entries that show a power: two of them fit some line


@dataclass(frozen=True, slots=True)
class Power:
    """``v ** exponent``, or ``exp(exponent * v)``, of a known value v, in the shape that it was asked for."""

    known: Known
    exponent: float
    exponential: bool
    factor: np.ndarray

    def text(self, name: str = "v") -> str:
        """The factor as people write it; what divides, without the division."""
        size = abs(self.exponent)
        if self.exponential:
            sign = "-" if self.exponent < 0 else ""
            return f"exp({sign}{'' if size == 1 else f'{size:g} * '}{name})"
        return {1.0: name, 0.5: f"sqrt({name})"}.get(size, f"{name}**{size:g}")

    @property
    def divides(self) -> bool:
        """Whether it is written as a division."""
        return self.exponent < 0 and not self.exponential


class Powers:
    """The values of a forward pass that fit a shape, by the logarithms of their sizes."""

    def __init__(self, spot: Spot, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.values = [(k, np.broadcast_to(k.value, shape)) for k in _fitting(spot, shape)]

    def of(self, ratio: np.ndarray, there: np.ndarray) -> list[Power]:
        """Powers of which a ratio (given at the places ``there``) is a multiple, the simplest first."""
        return sorted(self._of(ratio, there), key=lambda p: (p.exponential, EXPONENTS.index(p.exponent)))

    def _of(self, ratio: np.ndarray, there: np.ndarray) -> Iterator[Power]:
        pick = np.flatnonzero(there)[:SAMPLE]
        logs = _centred(np.log(np.abs(ratio[:SAMPLE])))
        if logs is None or pick.size < FEWEST:
            return
        for known, value in self.values:
            sample = np.ravel(value)[pick]
            for exponential, row in ((False, np.log(np.abs(sample))), (True, sample)):
                exponent = _slope(logs, row)
                if exponent in EXPONENTS:
                    factor = np.asarray(np.exp(exponent * value) if exponential else _power(value, exponent))
                    if np.all(np.isfinite(factor)) and forms.same(ratio, np.ravel(factor)[there]):
                        yield Power(known, exponent, exponential, factor)


def _power(value: np.ndarray, exponent: float) -> np.ndarray:
    whole = exponent == int(exponent)
    return np.asarray(np.power(value, exponent) if whole else np.power(np.abs(value), exponent))


def _centred(row: np.ndarray) -> np.ndarray | None:
    """The row about its mean; None for one that is constant or not finite."""
    if not np.all(np.isfinite(row)):
        return None
    row = row - row.mean()
    return row if np.linalg.norm(row) > ALIKE * row.size else None


def _slope(logs: np.ndarray, row: np.ndarray) -> float:
    """The exponent of which a ratio's logarithms are that many times the row's; 0 where they are not."""
    centred = _centred(row)
    if centred is None:
        return 0.0
    slope = float(logs @ centred) / float(centred @ centred)
    near = min(EXPONENTS, key=lambda e: abs(slope - e))
    return near if np.linalg.norm(logs - near * centred) < ALIKE * np.linalg.norm(logs) else 0.0


def _fitting(spot: Spot, shape: tuple[int, ...]) -> Iterator[Known]:
    """Known values of a shape, and of those that broadcast to it; the first axis counts executions where several."""
    first = 1 if len(spot.entries) > 1 else 0
    if len(shape) - first > 3:
        yield from spot.known(shape)
        return
    for kept in product((True, False), repeat=len(shape) - first):
        own = tuple(n if keep else 1 for n, keep in zip(shape[first:], kept, strict=True))
        for cut in _shortened(own) if not first else (own,):
            if cut and np.prod(cut) > 1:
                yield from spot.known((*shape[:first], *cut))


def _shortened(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The shape, and without its leading axes of length one."""
    yield tuple(shape)
    while shape and shape[0] == 1:
        shape = shape[1:]
        yield tuple(shape)
