"""A user's gradient against the true adjoint: scale, residual, and whether they agree within rounding.

Agreement is elementwise: |u - k t| within the propagated bound of both. There is no tolerance to tune and no absolute
one. Between what rounding can explain and what is certainly wrong lies a band that is called inconclusive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

EPS = float(np.finfo(float).eps)
SLACK = 64.0  # rounding of the user's own formula may exceed that of the sweep, which takes another path
ZERO_SLACK = 100.0
UNDERFLOW = 1e-150  # below the square root of the smallest number: another order of factors would have given 0
NEGLIGIBLE = 1e-11  # relative residual that no formula error comes near to
CERTAIN = 1e-8  # relative residual above which rounding of well-scaled sums is out of the question
LOOSE = 1e-3  # what agrees only because the bound is this wide, relative to the gradient, is not shown to be right,
CLOSE = 1e-6  # unless it is as close as this
WIDER = 100.0  # three random roundings underestimate the largest one; measured in tests/benchmarks/bounds.py

Agreement = Literal["exact", "zero", "off", "unclear", "nonfinite"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``scale`` is k = <u,t>/<t,t>, ``residual`` is |u - k t| / |k t|, ``cosine`` their angle's cosine."""

    agreement: Agreement
    scale: float | None
    residual: float | None
    cosine: float | None
    norm: float

    @property
    def exact(self) -> bool:
        """Whether u is k t within rounding (or both are zero)."""
        return self.agreement in ("exact", "zero")


def compare(u: Any, t: Any, bound: Any = 0.0, noise: Any = 0.0, reference: float = 1.0) -> Comparison:
    """Compare two arrays of one size (float64).

    ``bound`` is the running error bound of t in units of the unit roundoff, ``noise`` an absolute bound on u's
    rounding. ``reference`` is the scale of the other parameters: a zero gradient has none of its own.
    """
    u = np.asarray(u, float).ravel()
    t = np.asarray(t, float).ravel()
    m = (
        np.broadcast_to(np.asarray(bound, float).ravel(), t.shape)
        if np.size(bound) in (1, t.size)
        else np.zeros(t.shape)
    )
    e = (
        np.broadcast_to(np.asarray(noise, float).ravel(), u.shape)
        if np.size(noise) in (1, u.size)
        else np.full(u.shape, np.max(noise))
    )
    if not (np.all(np.isfinite(u)) and np.all(np.isfinite(t))):
        return Comparison("nonfinite", None, None, None, float("nan"))
    top = float(np.max(np.abs(t), initial=0.0))
    norm_u = _norm(u)
    rounding = SLACK * EPS * m
    if top == 0.0 or np.all(np.abs(t) <= rounding):
        small = np.abs(u) <= np.maximum(ZERO_SLACK * abs(reference) * rounding, e) + UNDERFLOW
        return Comparison("zero" if np.all(small) else "off", None, None, None, norm_u)
    tt = _norm(t)
    k = float((u / tt) @ (t / tt))
    difference = u - k * t
    residual = _norm(difference) / (abs(k) * tt) if k else float("inf")
    cosine = k * tt / norm_u if norm_u else 0.0
    allowed = abs(k) * rounding + SLACK * EPS * np.abs(k * t) + e
    if k and np.all(np.abs(difference) <= allowed):
        loose = residual > CLOSE and _norm(allowed) > LOOSE * abs(k) * tt
        return Comparison("unclear" if loose else "exact", k, residual, cosine, norm_u)
    if k and residual < NEGLIGIBLE:
        return Comparison("exact", k, residual, cosine, norm_u)
    sure = residual > CERTAIN and bool(np.any(np.abs(difference) > 1e3 * allowed))
    return Comparison("off" if sure else "unclear", k, residual, cosine, norm_u)


def settle(
    u: Any, t: Any, bound: Any, noise: Any, us: Sequence[Any], ts: Sequence[Any], reference: float = 1.0
) -> Comparison:
    """Compare again with measured rounding: ``us`` and ``ts`` are u and t under other roundings of every operation.

    This covers forward values that have cancelled, which the running bound takes as given.
    """
    if not us or not ts:
        return compare(u, t, bound, noise, reference)
    wider = np.maximum(np.asarray(bound, float), _spread(ts, t) / (SLACK * EPS))
    return compare(u, t, wider, np.maximum(np.asarray(noise, float), _spread(us, u)), reference)


def _spread(values: Sequence[Any], base: Any) -> np.ndarray:
    """How far each entry may be off, from the samples; no entry is taken as much better than the others."""
    base = np.asarray(base, float)
    moved = np.max([np.abs(np.reshape(np.asarray(v, float), base.shape) - base) for v in values], axis=0)
    return np.asarray(WIDER * np.maximum(moved, 0.1 * np.sqrt(np.mean(moved * moved))))


def _norm(v: np.ndarray) -> float:
    top = float(np.max(np.abs(v), initial=0.0))
    return top * float(np.linalg.norm(v / top)) if top > 0 and np.isfinite(top) else top


def oriented(u: np.ndarray, t: np.ndarray) -> np.ndarray:
    """``u`` in the orientation of ``t``: as it is, reshaped, or transposed."""
    if u.shape == t.shape or u.size != t.size:
        return u
    if u.ndim == 2 and u.shape[::-1] == t.shape:
        return u.T
    return u.reshape(t.shape)
