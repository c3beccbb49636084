"""Functions that fold axes to one value.

An entry of `reduction` gives the derivative of the folded value with respect to each element that went in, which makes
``|factor| * g`` the exact magnitude. Ties go to the first of the equal elements.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from .table import Array, Call, Gradient, Quick, Rule, as_float, bind, part, register, register_quick, root, unbroadcast

_NUMPY = ("a", "axis", "dtype", "out", "keepdims", "initial", "where")
_EXTREME = ("a", "axis", "out", "keepdims", "initial", "where")
_UFUNC = ("array", "axis", "dtype", "out", "keepdims", "initial", "where")
_SPREAD = ("a", "axis", "dtype", "out", "ddof", "keepdims")
_MIDDLE = ("a", "axis", "out", "overwrite_input", "keepdims")


@dataclass(frozen=True, slots=True)
class Fold:
    """One reduction: ``x`` float64; ``g`` and ``out`` spread to its shape; ``mask`` marks what took part."""

    call: Call
    given: dict[str, Any]
    x: Array
    axes: tuple[int, ...]
    g: Any
    out: Any
    mask: Any

    def spread(self, value: Any) -> Array:
        """A value of the result's shape, broadcast to the operand's."""
        return spread(value, self.x.shape, self.axes)

    def fold(self, function: Callable[..., Any], values: Any) -> Array:
        """``function`` over the folded axes of ``values``, kept as axes of length 1."""
        return np.asarray(function(values, axis=self.axes, keepdims=True))

    @property
    def count(self) -> Any:
        """How many elements went into each value."""
        if self.mask is None:
            return float(np.prod([self.x.shape[k] for k in self.axes] or [1]))
        return self.fold(np.sum, np.broadcast_to(self.mask, self.x.shape))


Factor: TypeAlias = "Callable[[Fold], Any] | None"
"""The derivative by element; None stands for 1."""


def spread(value: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """A folded value put back over the axes that were folded (a read-only view)."""
    ones = tuple(1 if k in axes else n for k, n in enumerate(shape))
    return np.broadcast_to(np.asarray(value, dtype=float).reshape(ones), shape)


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes that an ``axis`` argument means, none negative."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(int(k) % ndim for k in np.atleast_1d(axis)) if ndim else ()


def reduction(
    names: str,
    factor: Factor,
    parameters: tuple[str, ...] = _NUMPY,
    method: str = "",
    tie: Callable[[Fold], Any] | None = None,
    nan: bool = False,
) -> None:
    """Enter functions that fold; ``nan`` leaves NaNs out. ``method`` "reduce" enters a ufunc's, whose axis is 0."""
    prepare = partial(_prepare, parameters=parameters, nan=nan, default=0 if method else None)

    def rule(call: Call) -> list[Gradient]:
        fold = prepare(call)
        gradient = _times(fold, factor(fold)) if callable(factor) else fold.g
        if fold.mask is not None:
            gradient = np.where(fold.mask, gradient, 0.0)
        return [part(gradient, p) if root(parameters, p) == parameters[0] else None for p in call.wanted]

    def on_tie(call: Call) -> Any:
        return tie is not None and tie(prepare(call))

    register(names, Rule(rule, on_tie if tie else None, linear=factor in (None, _mean)), method)


def _times(fold: Fold, local: Any) -> Any:
    gradient = fold.g * local
    if fold.call.magnitude:
        gradient = np.abs(gradient)
    return gradient if np.isfinite(gradient).all() else np.where(fold.g == 0, 0.0, gradient)


def _prepare(call: Call, parameters: tuple[str, ...], nan: bool, default: Any) -> Fold:
    given = bind(parameters, call)
    x = as_float(given[parameters[0]])
    axes = axes_of(given.get("axis", default), x.ndim)
    mask = given.get("where", True)
    mask = None if mask is True else np.asarray(mask)
    if nan:
        mask = ~np.isnan(x) if mask is None else mask & ~np.isnan(x)
        x = np.where(mask, x, 0.0)
    g = None if call.g is None else spread(call.g, x.shape, axes)
    return Fold(call, given, x, axes, g, spread(call.out, x.shape, axes), mask)


# ----- factors -----


def _mean(fold: Fold) -> Any:
    return 1.0 / fold.count


def _kept(fold: Fold, filling: float) -> Array:
    return fold.x if fold.mask is None else np.where(fold.mask, fold.x, filling)


def grouped(x: Array, axes: tuple[int, ...]) -> Array:
    """The folded axes moved to the end and made one."""
    rest = [k for k in range(x.ndim) if k not in axes]
    return x.transpose([*rest, *axes]).reshape([x.shape[k] for k in rest] + [-1])


def ungrouped(flat: Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """The inverse of `grouped`."""
    rest = [k for k in range(len(shape)) if k not in axes]
    order = [*rest, *axes]
    return flat.reshape([shape[k] for k in order]).transpose(np.argsort(order))


def _prod(fold: Fold) -> Any:
    flat = grouped(_kept(fold, 1.0), fold.axes)
    ones = np.ones((*flat.shape[:-1], 1))
    before = np.cumprod(np.concatenate([ones, flat[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, flat[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    initial = fold.given.get("initial", 1.0)
    return ungrouped(before * after, fold.x.shape, fold.axes) * (1.0 if initial is None else initial)


def _first(x: Array, axes: tuple[int, ...], search: Callable[..., Any]) -> Array:
    """1 at the first extreme element of each group, else 0."""
    flat = grouped(x, axes)
    hot = np.zeros(flat.shape)
    np.put_along_axis(hot, search(flat, axis=-1)[..., None], 1.0, axis=-1)
    return ungrouped(hot, x.shape, axes)


def _max(fold: Fold) -> Any:
    return _first(_kept(fold, -np.inf), fold.axes, np.argmax) * ((fold.x == fold.out) | np.isnan(fold.out))


def _min(fold: Fold) -> Any:
    return _first(_kept(fold, np.inf), fold.axes, np.argmin) * ((fold.x == fold.out) | np.isnan(fold.out))


def _ptp(fold: Fold) -> Any:
    return _first(fold.x, fold.axes, np.argmax) - _first(fold.x, fold.axes, np.argmin)


def _shared(fold: Fold) -> Any:
    hit = fold.x == fold.out
    return fold.fold(np.sum, hit if fold.mask is None else hit & fold.mask) > 1


def _shared_ends(fold: Fold) -> Any:
    ends = (fold.fold(f, fold.x) for f in (np.max, np.min))
    return np.any([fold.fold(np.sum, fold.x == end) > 1 for end in ends])


def _deviation(fold: Fold) -> tuple[Any, Any]:
    count = fold.count
    kept = _kept(fold, 0.0)
    ddof = fold.given.get("ddof", fold.given.get("correction", 0))
    return kept - fold.fold(np.sum, kept) / count, count - ddof


def _var(fold: Fold) -> Any:
    deviation, freedom = _deviation(fold)
    return 2 * deviation / freedom


def _std(fold: Fold) -> Any:
    deviation, freedom = _deviation(fold)
    return np.where(fold.out == 0, 0.0, deviation / (freedom * np.where(fold.out == 0, 1.0, fold.out)))


def _median(fold: Fold) -> Any:
    flat = grouped(fold.x, fold.axes)
    n = flat.shape[-1]
    order = np.argsort(flat, axis=-1, kind="stable")
    share = np.zeros(flat.shape)
    for k in ((n - 1) // 2, n // 2):
        np.put_along_axis(share, order[..., k : k + 1], 0.5 if n % 2 == 0 else 1.0, axis=-1)
    return ungrouped(share, fold.x.shape, fold.axes)


def _median_tie(fold: Fold) -> Any:
    flat = np.sort(grouped(fold.x, fold.axes), axis=-1)
    n = flat.shape[-1]
    near = flat[..., max((n - 1) // 2 - 1, 0) : n // 2 + 2]
    return np.any(near[..., 1:] == near[..., :-1])


def _quantile(fold: Fold) -> Any:
    """Shares of the two neighbours of the position ``q (n - 1)`` (method "linear", one q)."""
    q = as_float(fold.given["q"]) * (0.01 if fold.call.fn is np.percentile else 1.0)
    if q.ndim or fold.given.get("method", "linear") != "linear" or fold.given.get("weights") is not None:
        raise fold.call.refuse("several q, weights or another method than linear")
    flat = grouped(fold.x, fold.axes)
    position = float(q) * (flat.shape[-1] - 1)
    order = np.argsort(flat, axis=-1, kind="stable")
    low = math.floor(position)
    share = np.zeros(flat.shape)
    for k, weight in ((low, 1 - position + low), (min(low + 1, flat.shape[-1] - 1), position - low)):
        if weight:
            np.put_along_axis(share, order[..., k : k + 1], weight, axis=-1)
    return ungrouped(share, fold.x.shape, fold.axes)


def _log_sum_exp(fold: Fold) -> Any:
    return np.exp(_kept(fold, -np.inf) - fold.out)


reduction("sum ndarray.sum", None)
reduction("add", None, _UFUNC, "reduce")
reduction("mean ndarray.mean", _mean, ("a", "axis", "dtype", "out", "keepdims", "where"))
reduction("prod ndarray.prod", _prod)
reduction("multiply", _prod, _UFUNC, "reduce")
reduction("max amax ndarray.max", _max, _EXTREME, tie=_shared)
reduction("min amin ndarray.min", _min, _EXTREME, tie=_shared)
reduction("maximum fmax", _max, _UFUNC, "reduce", tie=_shared)
reduction("minimum fmin", _min, _UFUNC, "reduce", tie=_shared)
reduction("logaddexp", _log_sum_exp, _UFUNC, "reduce")
reduction("ptp ndarray.ptp", _ptp, ("a", "axis", "out", "keepdims"), tie=_shared_ends)
reduction("var ndarray.var", _var, _SPREAD)
reduction("std ndarray.std", _std, _SPREAD, tie=lambda fold: fold.out == 0)
reduction("median", _median, _MIDDLE, tie=_median_tie)
reduction("quantile percentile", _quantile, ("a", "q", "axis", "out", "overwrite_input", "method", "keepdims"))
reduction("nansum", None, ("a", "axis", "dtype", "out", "keepdims"), nan=True)
reduction("nanmean", _mean, ("a", "axis", "dtype", "out", "keepdims"), nan=True)
reduction("nanprod", _prod, ("a", "axis", "dtype", "out", "keepdims"), nan=True)
reduction("nanmax", _max, ("a", "axis", "out", "keepdims"), nan=True, tie=_shared)
reduction("nanmin", _min, ("a", "axis", "out", "keepdims"), nan=True, tie=_shared)
reduction("nanvar", _var, _SPREAD, nan=True)
reduction("nanstd", _std, _SPREAD, nan=True)

# ----- norms -----


def _vector_norm(x: Array, out: Array, axes: tuple[int, ...], order: Any) -> Any:
    size = np.abs(x)
    if order in (None, 2, "fro", "f"):
        return np.where(out == 0, 0.0, x / np.where(out == 0, 1.0, out))
    if order == 0:
        return np.zeros(x.shape)
    if order in (np.inf, -np.inf):
        return np.sign(x) * _first(size, axes, np.argmax if order > 0 else np.argmin)
    if order == 1:
        return np.sign(x)
    safe = np.where(out == 0, 1.0, out)
    return np.where((out == 0) | (size == 0), 0.0, np.sign(x) * (np.where(size == 0, 1.0, size) / safe) ** (order - 1))


def _matrix_norm(fold: Fold, order: Any) -> Any:
    rows, columns = fold.axes
    if order in (1, -1, np.inf, -np.inf):
        inner, outer = (rows, columns) if abs(order) == 1 else (columns, rows)
        sums = np.abs(fold.x).sum(axis=inner, keepdims=True)
        chosen = _first(sums, (outer,), np.argmax if order > 0 else np.argmin)
        return np.sign(fold.x) * chosen
    if order not in (2, -2, "nuc"):
        raise fold.call.refuse(f"ord={order!r}")
    u, s, v = np.linalg.svd(np.moveaxis(fold.x, fold.axes, (-2, -1)), full_matrices=False)
    use = np.ones_like(s) if order == "nuc" else np.eye(s.shape[-1])[0 if order == 2 else -1]
    return np.moveaxis((u * use[..., None, :] if order == "nuc" else u * use) @ v, (-2, -1), fold.axes)


def _norm(fold: Fold) -> Any:
    order, axis = fold.given.get("ord"), fold.given.get("axis")
    whole = axis is None and order is None
    if whole or len(fold.axes) == 1 or order in (None, "fro", "f"):
        return _vector_norm(fold.x, fold.out, fold.axes, order)
    return _matrix_norm(fold, order)


reduction("linalg.norm", _norm, ("x", "ord", "axis", "keepdims"), tie=lambda fold: fold.out == 0)
reduction("linalg.vector_norm", lambda fold: _vector_norm(fold.x, fold.out, fold.axes, fold.given.get("ord", 2)),
          ("x",), tie=lambda fold: fold.out == 0)  # fmt: skip


# ----- weighted mean -----


def _average(call: Call) -> list[Gradient]:
    given = bind(("a", "axis", "weights", "returned"), call)
    if given.get("returned"):
        raise call.refuse("returned=True")
    x = as_float(given["a"])
    axes = axes_of(given.get("axis"), x.ndim)
    weights = given.get("weights")
    shape = np.shape(weights) if weights is not None else ()
    at = shape if len(shape) == x.ndim else tuple(x.shape[k] if k in axes else 1 for k in range(x.ndim))
    w = np.ones(()) if weights is None else np.broadcast_to(as_float(weights).reshape(at), x.shape)
    total = np.broadcast_to(w, x.shape).sum(axis=axes, keepdims=True)
    g, out = spread(call.g, x.shape, axes), spread(call.out, x.shape, axes)
    size = np.abs if call.magnitude else np.asarray
    found: dict[str, Any] = {"a": size(w / total) * g}
    if weights is not None:
        found["weights"] = unbroadcast(size((x - out) / total) * g, at).reshape(shape)
    return [part(found.get(root(("a", "axis", "weights"), p)), p) for p in call.wanted]


register("average", Rule(_average))

# ----- whole arrays to one float, the common case -----


def _quick_whole(share: Callable[[int], float]) -> Quick:
    def apply(g: Any, out: Any, args: Any, wanted: Any, magnitude: bool) -> list[Gradient] | None:
        if len(args) != 1 or not isinstance(args[0], np.ndarray) or wanted != [(0,)]:
            return None
        return [np.full(args[0].shape, float(g) * share(args[0].size))]

    return apply


register_quick("sum ndarray.sum", _quick_whole(lambda size: 1.0))
register_quick("mean ndarray.mean", _quick_whole(lambda size: 1.0 / size))
