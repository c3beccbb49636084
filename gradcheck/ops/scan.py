"""Functions that run along an axis keeping every intermediate result, and Python's own sum, max and min."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .table import Array, Call, Gradient, Path, Rule, as_float, bind, leaf, part, register, unbroadcast

# ----- scans -----


def _scan(names: str, adjoint: Callable[[Array, Array, Array, bool], Array], method: str = "", **traits: Any) -> None:
    """Enter a running fold: ``adjoint(x, out, g, magnitude)`` along the last axis."""

    def rule(call: Call) -> list[Gradient]:
        x, out, axis = _along(call, bool(method))
        g = np.moveaxis(as_float(call.g).reshape(x.shape), axis, -1)
        gradient = np.moveaxis(
            adjoint(np.moveaxis(x, axis, -1), np.moveaxis(out, axis, -1), g, call.magnitude), -1, axis
        )
        gradient = gradient.reshape(np.shape(leaf(call, call.wanted[0][:1]))) if call.wanted else gradient
        return [part(gradient, p) for p in call.wanted]

    register(names, Rule(rule, **traits), method)


def _along(call: Call, ufunc: bool) -> tuple[Array, Array, int]:
    given = bind(("a", "axis"), call)
    x = as_float(call.args[0] if call.args else given.get("a", given.get("array")))
    axis = given.get("axis", 0 if ufunc else None)
    x = x.ravel() if axis is None else x
    axis = 0 if axis is None else int(axis) % x.ndim
    return x, as_float(call.out).reshape(x.shape), axis


def _cumsum(x: Array, out: Array, g: Array, magnitude: bool) -> Array:
    return np.cumsum(g[..., ::-1], axis=-1)[..., ::-1]


def _cumprod(x: Array, out: Array, g: Array, magnitude: bool) -> Array:
    # Backwards recurrence, so that zeros in x need no division.
    x = np.abs(x) if magnitude else x
    tail = np.array(g)
    for k in range(x.shape[-1] - 2, -1, -1):
        tail[..., k] += x[..., k + 1] * tail[..., k + 1]
    tail[..., 1:] *= np.cumprod(x, axis=-1)[..., :-1]
    return tail


def _running(x: Array, out: Array, g: Array, magnitude: bool) -> Array:
    """Each result comes from the element where the running extreme last changed."""
    changed = np.concatenate([np.ones((*out.shape[:-1], 1), bool), out[..., 1:] != out[..., :-1]], axis=-1)
    source = np.maximum.accumulate(np.where(changed, np.arange(out.shape[-1]), 0), axis=-1)
    n = out.shape[-1]
    rows = np.arange(out.size // n if n else 0).reshape(*out.shape[:-1], 1) * n
    return np.bincount((rows + source).ravel(), weights=g.ravel(), minlength=out.size).reshape(out.shape)


def _running_tie(call: Call) -> Any:
    x, out, axis = _along(call, True)
    x, out = np.moveaxis(x, axis, -1), np.moveaxis(out, axis, -1)
    return x[..., 1:] == out[..., :-1]


_scan("cumsum ndarray.cumsum", _cumsum, linear=True)
_scan("cumprod ndarray.cumprod", _cumprod)
_scan("add", _cumsum, "accumulate", linear=True)
_scan("multiply", _cumprod, "accumulate")
_scan("maximum minimum fmax fmin", _running, "accumulate", tie=_running_tie)

# ----- Python's own -----


def _builtin_sum(call: Call) -> list[Gradient]:
    g = as_float(call.g)
    return [_share(call, g, path) for path in call.wanted]


def _share(call: Call, g: Array, path: Path) -> Gradient:
    operand = leaf(call, path)
    shape = np.shape(operand)
    if len(path) == 1 and path[0] == 0:
        inner = unbroadcast(g, shape[1:])
        return np.broadcast_to(inner, shape)
    return unbroadcast(g, shape)


def _builtin_extreme(call: Call) -> list[Gradient]:
    if call.kwargs.get("key") is not None:
        raise call.refuse("a key function")
    several = len(call.args) > 1
    values = list(call.args if several else call.args[0])
    winner = next((k for k, v in enumerate(values) if v is call.out or v == call.out), None)
    place: Path = () if winner is None else ((winner,) if several else (0, winner))
    return [_winning(call, path, place) for path in call.wanted]


def _winning(call: Call, path: Path, place: Path) -> Gradient:
    if path == place:
        return call.g
    gradient = np.zeros(np.shape(leaf(call, path)))
    if place and place[: len(path)] == path:
        gradient[place[len(path) :]] = call.g
    return gradient


def _builtin_tie(call: Call) -> Any:
    values = list(call.args if len(call.args) > 1 else call.args[0])
    return sum(bool(np.all(v == call.out)) for v in values) > 1


register("builtins.sum math.fsum", Rule(_builtin_sum, linear=True))
register("builtins.max builtins.min", Rule(_builtin_extreme, _builtin_tie))
