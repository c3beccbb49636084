"""numpy.linalg: inverse, solutions, determinants, powers and factors of matrices, stacked ones included.

Formulas: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
(2008).
Magnitudes are exact: in closed form where each entry of the Jacobian is one product, else by one cotangent an element.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .table import Array, Call, Gradient, Rule, as_float, part, register, unbroadcast


def _turn(a: Array) -> Array:
    return a.swapaxes(-1, -2)


def _give(call: Call, *gradients: Any) -> list[Gradient]:
    return [part(gradients[p[0]] if isinstance(p[0], int) else None, p) for p in call.wanted]


def _inv(call: Call) -> list[Gradient]:
    back = _turn(as_float(call.out))
    back, sign = (np.abs(back), 1.0) if call.magnitude else (back, -1.0)
    return _give(call, sign * (back @ call.g @ back))


def _solve(call: Call) -> list[Gradient]:
    a, b = as_float(call.args[0]), as_float(call.args[1])
    vector = b.ndim == 1
    g, x = as_float(call.g), as_float(call.out)
    g, x = (g[..., None], x[..., None]) if vector else (g, x)
    if call.magnitude:
        to_b = np.abs(_turn(np.linalg.inv(a))) @ g
        to_a = to_b @ np.abs(_turn(x))
    else:
        to_b = np.linalg.solve(_turn(a), g)
        to_a = -to_b @ _turn(x)
    return _give(call, unbroadcast(to_a, a.shape), unbroadcast(to_b[..., 0] if vector else to_b, b.shape))


def _cofactors(a: Array, det: Array) -> Array:
    """The derivative of the determinant; the adjugate from singular values where a matrix is singular."""
    if np.all(det != 0):
        return det[..., None, None] * _turn(np.linalg.inv(a))
    u, s, v = np.linalg.svd(a)
    n = s.shape[-1]
    others = np.stack([np.prod(np.delete(s, k, axis=-1), axis=-1) for k in range(n)], axis=-1)
    sign = np.linalg.det(u) * np.linalg.det(v)
    return np.asarray(sign[..., None, None] * ((u * others[..., None, :]) @ v))


def _det(call: Call) -> list[Gradient]:
    local = _cofactors(as_float(call.args[0]), as_float(call.out))
    local = np.abs(local) if call.magnitude else local
    return _give(call, as_float(call.g)[..., None, None] * local)


def _slogdet(call: Call) -> list[Gradient]:
    if call.g[1] is None:
        return [None] * len(call.wanted)
    local = _turn(np.linalg.inv(as_float(call.args[0])))
    local = np.abs(local) if call.magnitude else local
    return _give(call, as_float(call.g[1])[..., None, None] * local)


def by_unit_cotangents(rule: Callable[[Call], list[Gradient]]) -> Callable[[Call], list[Gradient]]:
    """A rule whose magnitude is ``sum over k of g[k] |J^T e_k|``: exact, one cotangent an element of the result."""

    def wrapped(call: Call) -> list[Gradient]:
        if not call.magnitude:
            return rule(call)
        g = as_float(call.g)
        total: list[Any] = [0.0] * len(call.wanted)
        for k in np.ndindex(g.shape):
            unit = np.zeros(g.shape)
            unit[k] = 1.0
            found = rule(replace(call, g=unit, magnitude=False))
            total = [t if v is None else t + g[k] * np.abs(v) for t, v in zip(total, found, strict=True)]
        return total

    return wrapped


@by_unit_cotangents
def _matrix_power(call: Call) -> list[Gradient]:
    n = int(call.args[1] if len(call.args) > 1 else call.kwargs["n"])
    a, g = as_float(call.args[0]), as_float(call.g)
    if n < 0:
        a = np.linalg.inv(a)
    powers = [np.broadcast_to(np.eye(a.shape[-1]), a.shape)]
    for _ in range(abs(n) - 1):
        powers.append(powers[-1] @ a)
    pairs = zip(powers, reversed(powers), strict=True)
    gradient = sum((_turn(p) @ g @ _turn(q) for p, q in pairs), np.zeros(a.shape)) if n else np.zeros(a.shape)
    return _give(call, -_turn(a) @ gradient @ _turn(a) if n < 0 else gradient)


@by_unit_cotangents
def _cholesky(call: Call) -> list[Gradient]:
    if call.kwargs.get("upper"):
        raise call.refuse("upper=True")
    low, g = as_float(call.out), as_float(call.g)
    inner = np.tril(_turn(low) @ g)
    inner = inner - 0.5 * inner * np.eye(low.shape[-1])
    back = np.linalg.inv(low)
    # Only the lower triangle of the operand is read: the upper one's share belongs to its mirror image.
    whole = _turn(back) @ inner @ back
    return _give(call, np.tril(whole + _turn(whole)) - whole * np.eye(low.shape[-1]))


@by_unit_cotangents
def _pinv(call: Call) -> list[Gradient]:
    if len(call.args) > 1 or call.kwargs:
        raise call.refuse("a cut-off or hermitian=True")
    a, p, g = as_float(call.args[0]), as_float(call.out), as_float(call.g)
    rows, columns = np.eye(a.shape[-2]), np.eye(a.shape[-1])
    turned = _turn(p)
    first = -turned @ g @ turned
    second = (rows - a @ p) @ _turn(g) @ p @ turned
    third = turned @ p @ _turn(g) @ (columns - p @ a)
    return _give(call, first + second + third)


register("linalg.inv", Rule(_inv))
register("linalg.solve", Rule(_solve))
register("linalg.det", Rule(_det))
register("linalg.slogdet", Rule(_slogdet))
register("linalg.matrix_power", Rule(_matrix_power))
register("linalg.cholesky", Rule(_cholesky))
register("linalg.pinv", Rule(_pinv))
