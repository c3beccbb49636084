"""The figures of one step: norms, dead units, saturated entries. Nothing here warns or changes an operand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

EDGE = 0.01  # within this part of the output's range from a bound, an entry is saturated
_PLAIN = "df"  # double and single precision


@dataclass(frozen=True, slots=True)
class Layer:
    """How an activation is looked at: the axis of its units, and the bounds of its range where it has some."""

    units: int
    low: float | None = None
    high: float | None = None


def norm(value: Any) -> float:
    """The Euclidean norm of an array or number; NaN for anything else."""
    if isinstance(value, np.ndarray):
        flat = np.asarray(value).ravel("K")
        if flat.dtype.char not in _PLAIN:
            flat = flat.astype(np.float64)
        return math.sqrt(flat.dot(flat))
    return abs(float(value))


def live_units(values: np.ndarray, units: int) -> np.ndarray:
    """Which units are not 0 in every row."""
    array = np.asarray(values)
    if array.ndim == 2 and units >= 0:
        return np.asarray(array.any(axis=1 - units))
    rest = tuple(axis for axis in range(array.ndim) if axis != units % array.ndim)
    return np.asarray(array.any(axis=rest[0] if len(rest) == 1 else rest))


def dead_share(live: np.ndarray) -> float:
    """The share of units that are dead."""
    return 1.0 - np.count_nonzero(live) / live.size if live.size else 0.0


def saturated_share(values: np.ndarray, layer: Layer) -> float | None:
    """The share of entries at a bound; None where the range has no bounds."""
    if layer.low is None or layer.high is None:
        return None
    middle, reach = (layer.low + layer.high) / 2, (0.5 - EDGE) * (layer.high - layer.low)
    with np.errstate(all="ignore"):
        return float(np.count_nonzero(np.abs(values - middle) > reach)) / max(1, values.size)
