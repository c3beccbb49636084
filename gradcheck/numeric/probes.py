"""Directions to look along, readings taken there, and what a set of readings could have seen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .difference import Estimate, Sample
from .target import Target

MISSED = 0.004


@dataclass(frozen=True, slots=True)
class Reading:
    """Along one direction: the analytic slope, how much the true one differs (`gap`) and how well that is known.

    A gap is proof beyond `doubt` times its bound.
    """

    direction: np.ndarray
    analytic: float
    gap: float
    bound: float
    along: bool = False
    doubt: float = 2.0

    @property
    def truth(self) -> float:
        """The true slope."""
        return self.analytic + self.gap

    @property
    def agrees(self) -> bool:
        """Whether the gap can be rounding, truncation or a kink."""
        return abs(self.gap) <= self.bound

    @property
    def differs(self) -> bool:
        """Whether nothing but a wrong gradient explains the gap."""
        return abs(self.gap) > self.doubt * self.bound


def slope(gradient: np.ndarray, direction: np.ndarray) -> float:
    """The inner product, with extended range so that 1e-200 and 1e200 both work."""
    return float(np.sum(gradient * direction))


def gaussian(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> np.ndarray:
    """One direction with independent normal entries, as large as the parameter's own entries."""
    return scale * rng.standard_normal(shape)


def along(gradient: np.ndarray, scale: float) -> np.ndarray | None:
    """The gradient's own direction at the size of `gaussian`; None for a zero gradient."""
    largest = float(np.max(np.abs(gradient), initial=0.0))
    if largest == 0:
        return None
    unit = gradient / largest
    return np.asarray(scale * unit / math.sqrt(float(np.mean(unit**2))))


def sample(target: Target, index: int, gradient: np.ndarray, direction: np.ndarray, h: float) -> Sample:
    """Loss minus its linear part by `gradient`, at +-h: the odd part is the gap of slopes, free of rounding of x."""
    place = target.places[index]
    ends = [np.asarray(place.base + sign * h * direction, dtype=place.base.dtype) for sign in (1.0, -1.0)]
    shifts = [np.asarray(end, dtype=float) - place.base for end in ends]
    plus, minus = (target.real(index, end) - slope(gradient, shift) for end, shift in zip(ends, shifts, strict=True))
    # Differences to the base value first: subtracting two nearby numbers is exact.
    plus, minus = plus - target.value, minus - target.value
    return Sample(h, (plus - minus) / (2 * h), (plus + minus) / (2 * h))


def smallest_error(bounds: list[float]) -> float:
    """Norm of an error in the gradient such that twice that is found in 99 of 100; a gap must leave its bound to count.

    An error e gives a reading that is normal with deviation |e| for directions with entries of size one.
    """
    if not bounds or not all(math.isfinite(b) for b in bounds):
        return math.inf
    low, high = 0.0, 1e4 * max(bounds) + 1e-300
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if _missed(bounds, 2 * middle) < MISSED else (middle, high)
    return high


def _missed(bounds: list[float], size: float) -> float:
    if size == 0:
        return 1.0
    return math.prod(math.erf(b / (size * math.sqrt(2))) for b in bounds)


def pooled(estimates: list[Estimate]) -> list[float]:
    """Each direction's bound, at least the mean of all: a direction may look better than it is by luck."""
    mean = sum(e.error for e in estimates) / len(estimates)
    return [max(e.error, mean) for e in estimates]
