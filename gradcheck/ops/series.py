"""Folds and sums that need more than one factor: traces, differences, segments, softmax, interpolation, polynomials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .reduction import axes_of, spread
from .table import Array, Call, Gradient, Rule, as_float, bind, find, part, register, unbroadcast


def _give(call: Call, gradients: dict[Any, Any]) -> list[Gradient]:
    missing = [p[0] for p in call.wanted if p[0] not in gradients]
    if missing:
        raise call.refuse(f"argument {missing[0]!r}")
    return [part(gradients[p[0]], p) for p in call.wanted]


# ----- traces and differences -----


def _trace(call: Call) -> list[Gradient]:
    x = as_float(call.args[0])
    given = bind(("a", "offset", "axis1", "axis2"), call)
    numbers = np.arange(x.size).reshape(x.shape)
    diagonal = np.diagonal(numbers, given.get("offset", 0), given.get("axis1", 0), given.get("axis2", 1))
    weights = np.broadcast_to(as_float(call.g)[..., None], diagonal.shape)
    return _give(call, {0: np.bincount(diagonal.ravel(), weights.ravel(), x.size).reshape(x.shape)})


def _undo_difference(g: Array, magnitude: bool) -> Array:
    edge = np.zeros((*g.shape[:-1], 1))
    right, left = np.concatenate([edge, g], axis=-1), np.concatenate([g, edge], axis=-1)
    return np.asarray(right + left if magnitude else right - left)


def _diff(call: Call) -> list[Gradient]:
    given = bind(("a", "n", "axis", "prepend", "append"), call)
    if len(given.keys() & {"prepend", "append"}):
        raise call.refuse("prepend or append")
    g = np.moveaxis(as_float(call.g), given.get("axis", -1), -1)
    for _ in range(given.get("n", 1)):
        g = _undo_difference(g, call.magnitude)
    return _give(call, {0: np.moveaxis(g, -1, given.get("axis", -1))})


def _ediff1d(call: Call) -> list[Gradient]:
    if len(call.args) > 1 or call.kwargs:
        raise call.refuse("to_end or to_begin")
    return _give(call, {0: _undo_difference(as_float(call.g), call.magnitude).reshape(np.shape(call.args[0]))})


def _trapezoid(call: Call) -> list[Gradient]:
    given = bind(("y", "x", "dx", "axis"), call)
    y, axis = as_float(given["y"]), given.get("axis", -1)
    n = y.shape[axis]
    x = given.get("x")
    if x is not None and np.ndim(x) != 1:
        raise call.refuse("abscissae that are not one-dimensional")
    widths = np.full(n - 1, float(given.get("dx", 1.0))) if x is None else np.diff(as_float(x))
    weights = np.concatenate([widths, [0.0]]) / 2 + np.concatenate([[0.0], widths]) / 2
    weights = np.abs(weights) if call.magnitude else weights
    gradient = np.moveaxis(np.multiply.outer(as_float(call.g), weights), -1, axis)
    return _give(call, {0: gradient, "y": gradient})


register("trace ndarray.trace linalg.trace", Rule(_trace, linear=True))
register("diff", Rule(_diff, linear=True))
register("ediff1d", Rule(_ediff1d, linear=True))
register("trapezoid trapz", Rule(_trapezoid))

# ----- segments -----


def _reduceat(call: Call) -> list[Gradient]:
    """Each segment is a reduction of its own; an index that does not rise picks one element."""
    given = bind(("array", "indices", "axis"), call)
    axis = int(given.get("axis", 0))
    x, g = (np.moveaxis(as_float(v), axis, 0) for v in (given["array"], call.g))
    starts = np.asarray(given["indices"]).tolist()
    gradient = np.zeros(x.shape)
    for k, start in enumerate(starts):
        stop = starts[k + 1] if k + 1 < len(starts) else len(x)
        piece = x[start : max(stop, start + 1)]
        gradient[start : max(stop, start + 1)] += _folded(call, piece, g[k])
    return _give(call, {0: np.moveaxis(gradient, 0, axis)})


def _folded(call: Call, piece: Array, g: Array) -> Any:
    ufunc = call.fn[0]
    rule = find((ufunc, "reduce"))
    if rule is None:
        raise call.refuse("no derivative of its reduce")
    out = ufunc.reduce(piece, axis=0)
    return rule.vjp(Call((ufunc, "reduce"), g, out, (piece,), {}, [(0,)], call.magnitude))[0]


register("add", Rule(_reduceat, linear=True), "reduceat")
register("multiply maximum minimum", Rule(_reduceat), "reduceat")

# ----- softmax and its kin (scipy.special) -----


def _softmax(call: Call) -> list[Gradient]:
    s, g, axes = as_float(call.out), as_float(call.g), _axes(call)
    if call.magnitude:
        # |J| has s (1 - s) on the diagonal and s_i s_j elsewhere.
        gradient = s * ((1 - s) * g + (s * g).sum(axis=axes, keepdims=True) - s * g)
    else:
        gradient = s * (g - (s * g).sum(axis=axes, keepdims=True))
    return _give(call, {0: gradient})


def _log_softmax(call: Call) -> list[Gradient]:
    s, g, axes = np.exp(as_float(call.out)), as_float(call.g), _axes(call)
    total = g.sum(axis=axes, keepdims=True)
    gradient = (1 - s) * g + s * (total - g) if call.magnitude else g - s * total
    return _give(call, {0: gradient})


def _axes(call: Call) -> tuple[int, ...]:
    return axes_of(bind(("x", "axis"), call).get("axis"), np.ndim(call.out))


def _logsumexp(call: Call) -> list[Gradient]:
    given = bind(("a", "axis", "b", "keepdims", "return_sign"), call)
    if given.get("return_sign"):
        raise call.refuse("return_sign=True")
    a, b = as_float(given["a"]), as_float(given["b"] if given.get("b") is not None else 1.0)
    shape = np.broadcast_shapes(a.shape, b.shape)
    axes = axes_of(given.get("axis"), len(shape))
    share = np.exp(a - spread(call.out, shape, axes)) * spread(call.g, shape, axes)
    to_a = share * (np.abs(b) if call.magnitude else b)
    found = {0: unbroadcast(to_a, a.shape), "b": unbroadcast(share, b.shape)}
    return _give(call, {**found, "a": found[0], 2: found["b"]})


register("special.softmax", Rule(_softmax))
register("special.log_softmax", Rule(_log_softmax))
register("special.logsumexp", Rule(_logsumexp))

# ----- interpolation and polynomials -----


def _interp(call: Call) -> list[Gradient]:
    if len(call.args) != 3 or any(v is not None for v in call.kwargs.values()):
        raise call.refuse("left, right or period")
    x, xp, fp = (as_float(a) for a in call.args)
    g = as_float(call.g)
    at = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, len(xp) - 2)
    inside = (x >= xp[0]) & (x <= xp[-1])
    width = xp[at + 1] - xp[at]
    slope = np.where(inside, (fp[at + 1] - fp[at]) / width, 0.0)
    right = np.clip((x - xp[at]) / width, 0.0, 1.0)
    to_fp = sum(np.bincount((at + k).ravel(), (g * w).ravel(), len(fp)) for k, w in ((0, 1 - right), (1, right)))
    return _give(call, {0: g * (np.abs(slope) if call.magnitude else slope), 2: to_fp})


def _interp_tie(call: Call) -> Any:
    return np.isin(call.args[0], call.args[1])


def _polyval(call: Call) -> list[Gradient]:
    p, x, g = as_float(call.args[0]), as_float(call.args[1]), as_float(call.g)
    powers = x[..., None] ** np.arange(len(p) - 1, -1, -1)
    slope = np.polyval(np.polyder(p), x)
    size: Callable[..., Any] = np.abs if call.magnitude else np.asarray
    to_p = (size(powers) * g[..., None]).reshape(-1, len(p)).sum(axis=0)
    return _give(call, {0: to_p, 1: size(slope) * g})


register("interp", Rule(_interp, _interp_tie))
register("polyval", Rule(_polyval))

# ----- Python's products and distances -----


def _math_prod(call: Call) -> list[Gradient]:
    rule = find((np.multiply, "reduce"))
    if rule is None or call.kwargs:
        raise call.refuse("start")
    inner = replace(call, fn=(np.multiply, "reduce"), args=(as_float(call.args[0]),))
    return rule.vjp(inner)


def _math_dist(call: Call) -> list[Gradient]:
    p, q = as_float(call.args[0]), as_float(call.args[1])
    local = (p - q) * (call.g / call.out if call.out else 0.0)
    local = np.abs(local) if call.magnitude else local
    return _give(call, {0: local, 1: local if call.magnitude else -local})


def _sumprod(call: Call) -> list[Gradient]:
    p, q = as_float(call.args[0]), as_float(call.args[1])
    size: Callable[..., Any] = np.abs if call.magnitude else np.asarray
    return [part(call.g * size((q, p)[path[0]]), path) for path in call.wanted]


register("math.prod", Rule(_math_prod))
register("math.dist", Rule(_math_dist, lambda call: call.out == 0))
register("math.sumprod", Rule(_sumprod, multilinear=True))
