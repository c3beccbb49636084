"""Known wrong formulas, each proven or dropped by the readings that gave the verdict: no further evaluation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .probes import Reading, slope


@dataclass(frozen=True, slots=True)
class Form:
    """The true gradient is ``factor`` times `kind` of the analytic one, plus ``shift`` times the parameter.

    ``kind`` is "itself", "transposed" or "reversed along axis n".
    """

    kind: str
    factor: float
    shift: float = 0.0
    error: float = 0.0


def scale(readings: list[Reading]) -> tuple[float, float] | None:
    """Factor k with analytic = k * true along every direction, and the relative error to which that holds."""
    return _factor([r.truth for r in readings], [r.analytic for r in readings], [r.bound for r in readings])


def _factor(truths: list[float], analytic: list[float], bounds: list[float]) -> tuple[float, float] | None:
    """Least-squares k of ``analytic = k * truths`` when all readings obey it within twice their bounds."""
    power = math.fsum(t * t for t in truths)
    if power == 0 or not all(map(math.isfinite, [*truths, *analytic])):
        return None
    size = math.sqrt(power / len(truths))
    if max(bounds) > 0.02 * size:
        return None  # too blurred to prove a relation
    k = math.fsum(a * t for a, t in zip(analytic, truths, strict=True)) / power
    rows = zip(truths, analytic, bounds, strict=True)
    if k == 0 or any(abs(a - k * t) > 2 * (1 + abs(k)) * b for t, a, b in rows):
        return None
    return k, max(bounds) / size


def explain(readings: list[Reading], gradient: np.ndarray, parameter: np.ndarray) -> Form | None:
    """The wrong formula that all readings prove, the simplest first; None when none fits."""
    for kind, candidate in _candidates(gradient):
        values = [slope(candidate, r.direction) for r in readings]
        found = _factor([r.truth for r in readings], values, [r.bound for r in readings])
        if found is not None:
            return Form(kind, 1.0 / found[0], error=found[1])
    return _decay(readings, parameter)


def _candidates(gradient: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    yield "itself", gradient
    if gradient.ndim == 2 and gradient.shape[0] == gradient.shape[1] > 1:
        yield "transposed", gradient.T
    yield from _swapped(gradient)
    for axis in range(gradient.ndim):
        if gradient.shape[axis] > 1:
            yield f"reversed along axis {axis}", np.flip(gradient, axis)
    if gradient.ndim >= 2:
        yield "reversed along its last two axes", np.flip(gradient, (-1, -2))


def _swapped(gradient: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    if gradient.ndim > 2:
        for first, second in itertools.combinations(range(gradient.ndim), 2):
            if gradient.shape[first] == gradient.shape[second] > 1:
                yield f"with axes {first} and {second} swapped", np.swapaxes(gradient, first, second)


def _decay(readings: list[Reading], parameter: np.ndarray) -> Form | None:
    """The gap is a multiple of the parameter: a squared-norm penalty that only one side has."""
    values = [slope(parameter, r.direction) for r in readings]
    found = _factor(values, [r.gap for r in readings], [r.bound for r in readings])
    return Form("itself", 1.0, shift=found[0], error=found[1]) if found is not None else None


def simple(k: float, error: float) -> str:
    """A factor in words a reader recognises: "16", "1/16", "-1", "2", or its digits."""
    tolerance = max(4 * error, 1e-12)
    for text, value in _fractions(k):
        if abs(k - value) <= tolerance * abs(value):
            return text
    return f"{k:.6g}"


def _fractions(k: float) -> Iterator[tuple[str, float]]:
    sign = "-" if k < 0 else ""
    size = abs(k)
    if 0.5 < size < 1e7:
        yield f"{sign}{round(size)}", math.copysign(round(size), k)
    if 1e-7 < size < 1:
        yield f"{sign}1/{round(1 / size)}", math.copysign(1 / round(1 / size), k)
    for bottom in (2, 3, 4, 5, 6, 8, 10, 16):
        top = round(size * bottom)
        if 0 < top < 100:
            yield f"{sign}{top}/{bottom}", math.copysign(top / bottom, k)
