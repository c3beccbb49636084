"""How a wrong gradient departs from the true one entry by entry, where the ratios have a pattern that a picture shows.

A pattern is a factor for each row or for each column that accounts for most of the departure, or some entries that
are right or zero among others. One factor for all entries is told by a number, and ratios without a pattern by a
scatter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..results import Json
from ..step.compare import oriented
from ..step.trials import Match

MOST_BLOCKS = 32  # rows and columns of the picture
FEWEST_LINES = 3  # rows and columns below which a factor for each says nothing
LEFT_OVER = 0.4  # share of the departure that factors by row or column may leave, where lines are long
FEW, MOST = 0.02, 0.98  # share of entries, other than true zeros, that are right or zero for these to be a pattern
SAME = 1e-6
NEGLIGIBLE = 1e-9  # of the root mean square: entries below it are zero
LARGEST = 1e6  # ratio that stands for all larger ones, and for those to a zero


def of(m: Match, others: Sequence[Match]) -> Json | None:
    """The script's gradient over the true one in blocks of entries; None where there is no pattern to see.

    The first axis gives the rows, all others the columns. Of a block of several entries it is the factor that fits
    them best. What the script's was divided by, the scale that ``others`` share, is in ``divided_by``.
    """
    t = np.asarray(m.truth, float)
    u = np.asarray(oriented(np.asarray(m.gradient.value, float), t), float)
    if u.shape != t.shape or t.ndim < 2 or not (np.all(np.isfinite(u)) and np.any(t)):
        return None
    t, u = t.reshape(len(t), -1), u.reshape(len(t), -1)
    if min(t.shape) < FEWEST_LINES:
        return None
    scale = _scale(m, others)
    u = u / scale
    small = NEGLIGIBLE * float(np.sqrt(np.mean(t * t)))
    t, u = (np.where(np.abs(a) > small, a, 0.0) for a in (t, u))
    known = t != 0
    right = float(np.mean(np.abs(u - t)[known] <= SAME * np.abs(t)[known]))
    zero = float(np.mean(u[known] == 0))
    pattern, left = _pattern(u, t)
    if not pattern and (max(right, zero) < FEW or right > MOST):
        return None
    block = [-(-length // MOST_BLOCKS) for length in t.shape]
    return {
        "pattern": pattern or "entries",
        "explained": float(f"{1 - left:.3g}"),
        "right": float(f"{right:.3g}"),
        "zero": float(f"{zero:.3g}"),
        "divided_by": float(f"{scale:.6g}"),
        "block": block,
        "values": [[_rounded(a, b, c) for a, b, c in zip(*row, strict=True)] for row in _sums(u, t, block)],
    }


def _scale(m: Match, others: Sequence[Match]) -> float:
    """The factor that right gradients have, with the learning rate of this one; its own where none is right."""
    unit = next((o.unit for o in others if o.exact and o.unit and o.truth.size > 1), None)
    return (unit * m.gradient.rate if unit and m.gradient.rate else m.comparison.scale) or 1.0


def _pattern(u: np.ndarray, t: np.ndarray) -> tuple[str, float]:
    """Which lines have factors of their own ("" for none), and the share of the departure that these leave."""
    departure = _left(u, t, None)
    if departure <= SAME**2 * float(np.sum(u * u)):
        return "", 1.0
    for axis, name in ((1, "rows"), (0, "columns")):
        left = _left(u, t, axis) / departure
        if left <= LEFT_OVER * (1 - 2 / t.shape[axis]):  # a short line is fitted by chance
            return name, left
    return "", 1.0


def _left(u: np.ndarray, t: np.ndarray, axis: int | None) -> float:
    """What is left of the departure when each line along ``axis`` (or the whole) gets the factor that fits it best."""
    square = np.sum(t * t, axis=axis, keepdims=True)
    fit = np.sum(u * t, axis=axis, keepdims=True) / np.where(square > 0, square, 1.0)
    return float(np.sum((u - fit * t) ** 2))


def _sums(u: np.ndarray, t: np.ndarray, block: list[int]) -> list[tuple[list[float], list[float], list[float]]]:
    """For each row of blocks the sums of u t, t t and |u| over its blocks."""
    starts = [np.arange(0, length, step) for length, step in zip(t.shape, block, strict=True)]
    sums = [np.add.reduceat(np.add.reduceat(a, starts[0], 0), starts[1], 1) for a in (u * t, t * t, np.abs(u))]
    return list(zip(*(a.tolist() for a in sums), strict=True))


def _rounded(product: float, square: float, size: float) -> float | None:
    """The ratio to three digits; None where both gradients are zero."""
    if square == 0:
        return LARGEST if size else None
    ratio = product / square
    if abs(ratio) < SAME:
        return 0.0
    return float(f"{min(max(ratio, -LARGEST), LARGEST):.3g}")
