"""One table, one row an op and argument form. Every row is held against a Jacobian built by central differences."""

from __future__ import annotations

import builtins
import itertools
import math
import operator
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from gradcheck import ops
from gradcheck.ops.table import leaf

pytestmark = pytest.mark.elsewhere

special = pytest.importorskip("scipy.special")
signal = pytest.importorskip("scipy.signal")
RANDOM = np.random.default_rng(20)
getitem = operator.getitem


CALLS = itertools.count()


def N(*shape: int) -> Any:
    """Values of both signs, none near zero; no two near each other, neither in one call nor in calls that follow."""
    count = int(np.prod(shape))
    lattice = np.round(np.linspace(0.13, 2.0, count), 2) + 0.0015 + 0.002 * (next(CALLS) % 4)
    values = RANDOM.permutation(lattice) * RANDOM.choice([-1.0, 1.0], size=count)
    return values.reshape(shape) if shape else float(values[0])


def U(*shape: int) -> Any:
    """Values inside (0.1, 0.9)."""
    values = RANDOM.permutation(np.linspace(0.11, 0.87, int(np.prod(shape))))
    return values.reshape(shape) if shape else float(RANDOM.uniform(0.2, 0.8))


def V(*shape: int) -> Any:
    """A view of larger memory, backwards along one axis and transposed."""
    every_other = [slice(None, None, 2)] * (len(shape) - 1) + [slice(None, None, -2)]
    return N(*(2 * n for n in reversed(shape)))[tuple(every_other)].T


def SPD(n: int) -> Any:
    a = RANDOM.normal(size=(n, n))
    return a @ a.T + n * np.eye(n)


@dataclass(frozen=True)
class Row:
    fn: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    wanted: tuple[Any, ...] | None = None
    tolerance: float = 2e-8

    @property
    def id(self) -> str:
        given = [*map(brief, self.args), *(f"{k}={brief(v)}" for k, v in self.kwargs.items())]
        return f"{ops.name_of(self.fn)}({', '.join(given)})"


def brief(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return ("f" if value.dtype.kind == "f" else value.dtype.kind) + "x".join(map(str, value.shape))
    if isinstance(value, list | tuple):
        return "[" + " ".join(map(brief, value)) + "]"
    return f"{value:.3g}" if isinstance(value, float) else getattr(value, "__name__", str(value))


def R(fn: Any, *args: Any, **kwargs: Any) -> Row:
    return Row(fn, args, kwargs)


def only(wanted: Any, row: Row) -> Row:
    return Row(row.fn, row.args, row.kwargs, tuple(wanted), row.tolerance)


# ----- the table -----

UNARY = {
    N: "negative positive conjugate real square absolute fabs exp exp2 expm1 sin cos tan arctan sinh cosh tanh arcsinh "
    "sinc degrees rad2deg radians deg2rad cbrt reciprocal nan_to_num",
    U: "log1p log log2 log10 tan sqrt arcsin arccos arctanh",
    lambda *s: 1 + U(*s): "arccosh",
}
MATH = {
    N: "exp expm1 sin cos atan sinh cosh tanh asinh fabs erf erfc degrees radians",
    U: "tan log log2 log10 log1p sqrt asin acos atanh",
}
SPECIAL = {N: "expit log_expit erf erfc ndtr log_ndtr exp10 expm1 exp2 cbrt", U: "logit entr erfinv log1p"}
BINARY = {
    (N, N): "add subtract multiply divide maximum minimum fmax fmin logaddexp logaddexp2 arctan2 hypot",
    (U, N): "power float_power",
}
SHAPES = [(), (3,), (2, 1, 3)]
PAIRS = [((), ()), ((3,), ()), ((2, 3), (3,)), ((2, 1), (1, 3)), ((2, 1, 3), (4, 1))]
REDUCTIONS: list[dict[str, Any]] = [
    {},
    {"axis": 0},
    {"axis": -1},
    {"axis": (0, 2)},
    {"axis": (-1, 0), "keepdims": True},
    {"keepdims": True},
]
MASK = np.array([[[True, False, True], [False, True, True]], [[True, True, True], [True, False, False]]])


def elementwise_rows() -> Iterator[Row]:
    for domain, names in UNARY.items():
        for name, shape in itertools.product(names.split(), SHAPES):
            yield R(getattr(np, name), domain(*shape))
        yield R(getattr(np, names.split()[0]), 1.1 + np.abs(V(3, 2)))
    for domain, names in MATH.items():
        yield from (R(getattr(math, name), domain()) for name in names.split())
    for domain, names in SPECIAL.items():
        yield from (R(getattr(special, name), domain(*s)) for name in names.split() for s in SHAPES)
    for (left, right), names in BINARY.items():
        for name, (a, b) in itertools.product(names.split(), PAIRS):
            yield R(getattr(np, name), left(*a), right(*b))
    yield from (R(fn, V(3, 2), V(3, 2)) for fn in (np.add, np.multiply, np.divide, np.maximum, np.logaddexp))


ELEMENTWISE = [
    R(np.exp, [1.0, 2.0, [3.0][0]]),
    R(np.add, [1.5, 2.0], N(3, 2)),
    R(np.multiply, N(2, 3), np.array([1, 2, 3])),
    R(np.multiply, N(2, 3), np.array([1, 2, 3], dtype=np.float32)),
    R(np.add, N(2, 3), N(3), where=MASK[0]),
    R(np.log, U(2, 3), where=MASK[0]),
    R(np.subtract, N(2, 3), 1),
    R(np.power, N(2, 3), 2),
    only([(0,)], R(np.power, N(2, 3), 3.0)),
    only([(0,)], R(np.power, np.array([0.0, 1.0, -2.0]), 2.0)),
    only([(0,)], R(np.power, np.array([0.0, 1.0, -2.0]), 1)),
    only([(0,)], R(np.power, np.array([0.0, 1.0, -2.0]), 0)),
    only([(0,)], R(np.power, -1.5, 3.0)),
    only([(0,)], R(np.power, 2.5, -2)),
    only([(0,)], R(np.power, N(4), np.array([0, 1, 2, -1]))),
    R(np.power, 2.0, N(3)),
    R(builtins.pow, 1.7, 2.5),
    R(math.pow, 1.7, 2.5),
    R(builtins.abs, N(3)),
    R(builtins.abs, -1.5),
    R(math.log, 3.0, 7.0),
    R(math.log, 3.0, 2),
    R(math.hypot, 1.0, 2.0, -3.0),
    R(math.atan2, 1.0, -2.0),
    *(R(fn, np.array([[7.5], [-3.2]]), np.array([2.2, -1.7, 0.9])) for fn in (np.mod, np.remainder, np.fmod)),
    R(math.fmod, 7.5, 2.25),
    R(math.remainder, 7.5, 2.25),
    only([(0,)], R(math.copysign, 7.5, -2.0)),
    only([(0,)], R(np.copysign, N(2, 3), N(3))),
    R(math.ldexp, 1.5, 3),
    R(np.ldexp, N(3), np.array([1, 2, 3])),
    R(np.sinc, np.array([1e-3, 5e-3, -9e-3, 0.011, 0.0])),
    R(np.nan_to_num, N(2, 3), nan=0.5),
    R(np.where, MASK[0], N(2, 3), N(3)),
    R(np.where, MASK[0], N(2, 3), 0),
    R(np.where, MASK, N(2, 3), N(2, 1, 1)),
    R(np.where, True, 1.5, 2.5),
    R(np.clip, N(3, 4), -1.0, 1.0),
    R(np.clip, N(3, 4), None, 0.5),
    R(np.clip, N(3, 4), -0.7, None),
    R(np.clip, N(3, 4), a_min=-0.7, a_max=1),
    R(np.clip, N(3, 4), N(4) * 0.1 - 1, N(3, 1) * 0.1 + 1),
    R(np.clip, 3.0, -1, 1.5),
    R(np.ndarray.clip, N(3, 4), -1.0, 1.0),
    R(np.ndarray.clip, N(3, 4), -1.0),
    R(np.ndarray.clip, N(3, 4), max=0.5),
    R(np.ndarray.conj, N(3)),
    R(special.xlogy, N(3), U(2, 3)),
    R(special.xlog1py, N(3), U(2, 3)),
    R(special.rel_entr, U(3), U(2, 3)),
    R(special.kl_div, U(3), U(2, 3)),
    R(special.huber, 1.1, N(5)),
    R(special.pseudo_huber, 1.1, N(5)),
]

LINEAR = [
    *(
        R(fn, a, b)
        for fn in (np.matmul, np.dot)
        for a, b in [
            (N(4), N(4)),
            (N(3, 4), N(4)),
            (N(4), N(4, 2)),
            (N(3, 4), N(4, 2)),
            (V(3, 4), V(4, 2)),
            (N(1, 4), N(4, 1)),
            (N(2, 3, 4), N(4, 2)),
            (N(2, 3, 4), N(4)),
            (N(1, 1), N(1, 1)),
            (N(3, 0), N(0, 2)),
        ]
    ),
    *(
        R(np.matmul, a, b)
        for a, b in [
            (N(2, 3, 4), N(2, 4, 2)),
            (N(4), N(2, 4, 3)),
            (N(3, 4), N(2, 4, 2)),
            (N(2, 1, 3, 4), N(3, 4, 2)),
            (N(1, 3, 4), N(2, 4, 2)),
        ]
    ),
    R(np.dot, N(2, 3, 4), N(2, 4, 3)),
    R(np.dot, N(4), N(2, 4, 3)),
    R(np.dot, 2.0, N(3)),
    R(np.dot, N(3), 2.0),
    R(np.dot, 2.0, 3.0),
    R(np.dot, a=N(2, 3), b=N(3)),
    R(np.dot, [1.0, 2.0], N(2, 3)),
    R(np.dot, N(2, 3), np.arange(3)),
    R(np.ndarray.dot, N(2, 3), N(3, 2)),
    R(np.ndarray.dot, N(3), N(3)),
    R(np.inner, N(3), N(3)),
    R(np.inner, N(2, 3), N(4, 3)),
    R(np.inner, N(2, 1, 3), N(3)),
    R(np.inner, 2.0, N(3)),
    R(np.outer, N(3), N(2)),
    R(np.outer, N(2, 2), N(2)),
    R(np.outer, 2.0, N(2)),
    R(np.linalg.outer, N(3), N(2)) if hasattr(np.linalg, "outer") else R(np.outer, N(3), N(3)),
    R(np.vdot, N(3), N(3)),
    R(np.vdot, N(2, 3), N(2, 3)),
    R(np.kron, N(2), N(3)),
    R(np.kron, N(2, 2), N(1, 3)),
    R(np.kron, N(2, 1, 2), N(2, 2)),
    R(np.kron, N(3), N(2, 2)),
    R(np.tensordot, N(2, 3), N(2, 3)),
    R(np.tensordot, N(2, 3, 4), N(4, 2), axes=1),
    R(np.tensordot, N(2, 3), N(2), 0),
    R(np.tensordot, N(2, 3, 4), N(4, 3, 2), axes=([1, 2], [1, 0])),
    R(np.tensordot, N(2, 3), N(4, 2), axes=(0, 1)),
    R(np.tensordot, N(2, 3, 4), N(4, 3, 2), axes=((-1, 0), (0, -1))),
    R(np.cross, N(3), N(3)),
    R(np.cross, N(2, 3), N(3)),
    R(np.cross, N(3, 2), N(3, 2), axis=0),
    R(np.cross, N(4, 1, 3), N(2, 3)),
    R(np.cross, N(3, 2), N(2, 3), axisa=0),
    *(
        R(np.convolve, N(n), N(m), mode)
        for n, m in [(5, 3), (5, 2), (2, 5), (3, 3), (4, 4), (3, 6), (1, 1)]
        for mode in ("full", "same", "valid")
    ),
    *(
        R(np.correlate, N(n), N(m), mode=mode)
        for n, m in [(5, 3), (5, 2), (2, 5), (3, 3), (4, 4), (3, 6), (2, 6)]
        for mode in ("full", "same", "valid")
    ),
    R(np.convolve, N(4), N(2)),
    R(np.correlate, N(4), N(2)),
    R(np.linalg.multi_dot, [N(2, 3), N(3, 4), N(4, 2)]),
    R(np.linalg.multi_dot, [N(3), N(3, 4), N(4, 2), N(2)]),
    R(np.linalg.multi_dot, [N(3), N(3, 2)]),
    R(np.einsum, "ij,jk->ik", N(2, 3), N(3, 4)),
    R(np.einsum, "ij,jk", N(2, 3), N(3, 4)),
    R(np.einsum, "ii", N(3, 3)),
    R(np.einsum, "ii->i", N(3, 3)),
    R(np.einsum, "ij->ji", N(2, 3)),
    R(np.einsum, "ij->", N(2, 3)),
    R(np.einsum, "ij->j", N(2, 3)),
    R(np.einsum, "i,i->", N(3), N(3)),
    R(np.einsum, "i,j->ij", N(3), N(2)),
    R(np.einsum, "...ij,...jk->...ik", N(2, 2, 3), N(3, 2)),
    R(np.einsum, "...i,i", N(2, 3), N(3)),
    R(np.einsum, "i...,i...", N(3, 2), N(3, 2)),
    R(np.einsum, "...,...->...", N(2, 1), N(3)),
    R(np.einsum, "ijj,j->i", N(2, 3, 3), N(3)),
    R(np.einsum, "bij, bjk, kl -> bil", N(2, 2, 3), N(2, 3, 2), N(2, 2)),
    R(np.einsum, "ij,k->k", N(2, 3), N(2)),
    R(np.einsum, "ij,ij->i", N(2, 3), N(2, 3), optimize=True),
    R(np.einsum, "ba", N(2, 3)),
    R(np.einsum, "iij,jk->ik", N(2, 2, 3), N(3, 2)),
    R(np.einsum, N(2, 3), [0, 1], N(3, 2), [1, 2], [0, 2]),
    R(np.einsum, N(2, 3), [0, 1], N(3, 2), [1, 2]),
    R(np.einsum, N(2, 3, 3), [..., 1, 1], [..., 1]),
    R(np.einsum, "ij,jk->ik", V(2, 3), V(3, 4)),
    R(np.einsum, "i,->i", N(3), 2.0),
    R(np.einsum, "ij,ij,ij->", N(2, 3), N(2, 3), N(2, 3)),
]


def reduction_rows() -> Iterator[Row]:
    functions = [np.sum, np.mean, np.prod, np.max, np.min, np.var, np.std, np.median, np.ptp]
    methods = [
        np.ndarray.sum,
        np.ndarray.mean,
        np.ndarray.prod,
        np.ndarray.max,
        np.ndarray.min,
        np.ndarray.var,
        np.ndarray.std,
    ]
    nans = [np.nansum, np.nanmean, np.nanprod, np.nanmax, np.nanmin, np.nanvar, np.nanstd]
    for fn, kwargs in itertools.product(functions + methods + nans, REDUCTIONS):
        yield R(fn, N(2, 2, 3), **kwargs)
    for fn in (np.add, np.multiply, np.maximum, np.minimum, np.logaddexp):
        yield from (
            R((fn, "reduce"), N(3, 2), **kwargs) for kwargs in ({}, {"axis": 1}, {"axis": -1, "keepdims": True})
        )
    for fn in (np.add, np.multiply, np.maximum):
        yield R((fn, "reduce"), N(3, 2), axis=None)
    for fn in (np.sum, np.mean, np.prod, np.var, np.std, np.ndarray.sum, np.ndarray.mean):
        yield R(fn, N(2, 2, 3), where=MASK)
        yield R(fn, N(2, 2, 3), axis=(0, 2), where=MASK)
    for fn in (np.max, np.min):
        yield R(fn, N(2, 2, 3), axis=0, where=MASK, initial=0.9)
        yield R(fn, V(3, 4), 1)
    for fn in (np.cumsum, np.cumprod, np.ndarray.cumsum, np.ndarray.cumprod):
        yield from (R(fn, N(2, 3), **kwargs) for kwargs in ({}, {"axis": 0}, {"axis": -1}))
    for fn in (np.add, np.multiply, np.maximum, np.minimum):
        yield from (R((fn, "accumulate"), N(3, 4), **kwargs) for kwargs in ({}, {"axis": 1}))


NAN = np.array([[1.0, np.nan, 3.0], [np.nan, 5.0, -6.0]])
NORMS: list[dict[str, Any]] = [
    {},
    {"axis": 0},
    {"axis": 1, "keepdims": True},
    {"axis": -1, "ord": 1},
    {"axis": 0, "ord": np.inf},
    {"axis": 0, "ord": 3},
    {"axis": 0, "ord": -np.inf},
    {"ord": "fro"},
    {"ord": 1},
    {"ord": np.inf},
    {"ord": -1},
    {"ord": 2},
    {"ord": "nuc"},
    {"axis": (0, 1)},
    {"axis": (1, 0), "ord": 1},
]
REDUCTION = [
    *(R(np.linalg.norm, N(3, 4), **kwargs) for kwargs in NORMS),
    *(R(np.linalg.norm, N(4), order) for order in (None, 1, 2, np.inf, 3, 1.5)),
    R(np.linalg.norm, N(2, 2, 2)),
    R(np.linalg.norm, N(2, 3, 2), axis=(0, 2)),
    R(np.linalg.norm, N(2, 3, 2), ord=2, axis=(2, 0)),
    R(np.sum, 2.5),
    R(np.sum, [1.0, 2.0, 3.0]),
    R(np.sum, [[1.0, 2.0], [3.0, 4.0]]),
    R(np.sum, N(2, 3), 0, None),
    R(np.sum, V(2, 3), axis=0),
    R(np.sum, N(2, 3), dtype=np.float64),
    R(np.sum, N(2, 3), axis=()),
    R(np.mean, [N(2), N(2)], axis=0),
    R(np.max, [1.0, 3.0, 2.0]),
    R(np.sum, a=N(2, 3), axis=1),
    R(np.var, N(3, 4), axis=0, ddof=1),
    R(np.std, N(3, 4), 1, ddof=1),
    R(np.median, N(5)),
    R(np.median, N(4, 3), 0),
    R(np.prod, np.array([0.0, 2.0, 3.0])),
    R(np.prod, np.array([0.0, 2.0, 0.0])),
    R(np.prod, N(2, 3), axis=1, initial=2.0),
    R(np.cumprod, np.array([2.0, 0.0, 3.0, -1.0])),
    R(np.max, N(1, 1)),
    R(np.mean, N(1)),
    *(only([(0,)], Row(fn, (NAN,), {"axis": 0})) for fn in (np.nansum, np.nanmean, np.nanmax, np.nanmin, np.nanprod)),
    only([(0,)], R(np.nanvar, NAN)),
    only([(0,)], R(np.nanstd, NAN, axis=1)),
    R(np.average, N(2, 3)),
    R(np.average, N(2, 3), axis=1),
    R(np.average, N(2, 3), 1, U(3)),
    R(np.average, N(2, 3), weights=U(2, 3)),
    R(np.average, N(2, 3), axis=0, weights=U(2)),
    R(np.average, N(2, 3), axis=0, weights=U(2, 3), keepdims=True),
    R(np.trace, N(3, 3)),
    R(np.trace, N(3, 4), 1),
    R(np.trace, N(2, 3, 3), axis1=1, axis2=2),
    R(np.ndarray.trace, N(3, 3)),
    R(np.diff, N(5)),
    R(np.diff, N(3, 4), axis=0),
    R(np.diff, N(2, 5), 2),
    R(np.diff, N(5), n=0),
    R(np.ediff1d, N(4)),
    R(builtins.sum, [1.0, 2.0, 3.0]),
    R(builtins.sum, [N(3), N(3)]),
    R(builtins.sum, N(3)),
    R(builtins.sum, N(3, 2)),
    R(builtins.sum, [N(3), 2.0], 1.5),
    R(builtins.max, 1.0, 3.0, 2.0),
    R(builtins.max, [1.0, 3.0]),
    R(builtins.min, N(4)),
    R(builtins.max, 0, 1.5),
    R(builtins.min, 2.5, 3),
    R(math.fsum, [1.0, 2.0]),
    R(math.prod, [2.0, 3.0, -1.0]),
    R(math.prod, [2.0, 0.0]),
    R(math.dist, [1.0, 2.0], [0.5, -1.0]),
    *(
        R((fn, "reduceat"), N(6, 2), np.array(index))
        for fn in (np.add, np.multiply, np.maximum)
        for index in ([0, 2, 4], [0, 3, 1, 5])
    ),
    R((np.add, "reduceat"), N(2, 6), [0, 3], axis=1),
    R((np.add, "reduceat"), N(6), [0, 3, 3]),
    *(R((fn, "outer"), N(3), N(2)) for fn in (np.add, np.subtract, np.multiply, np.divide, np.maximum)),
    R((np.subtract, "outer"), N(2, 2), N(3)),
    R((np.multiply, "outer"), 2.0, N(3)),
    R((np.power, "outer"), U(3), N(2)),
    R((np.subtract, "outer"), [1.0, 2.0], N(3)),
    *(R(special.logsumexp, N(2, 3), **kwargs) for kwargs in ({}, {"axis": 1}, {"axis": 0, "keepdims": True})),
    R(special.logsumexp, N(2, 3), axis=1, b=U(3)),
    *(
        R(fn, N(2, 3), **kwargs)
        for fn in (special.softmax, special.log_softmax)
        for kwargs in ({}, {"axis": 1}, {"axis": (0, 1)})
    ),
    R(np.interp, np.array([0.3, 1.7, -4.0, 9.0]), [0, 1, 3], N(3)),
    R(np.interp, 0.4, [0, 1, 2], [1.0, 3.0, 2.0]),
    *(
        [R(np.trapezoid, N(4)), R(np.trapezoid, N(2, 4), dx=0.5), R(np.trapezoid, N(3, 2), [0, 1, 3], axis=0)]
        if hasattr(np, "trapezoid")
        else []
    ),
    *(
        only([(0,)], R(fn, N(3, 4), q, axis=axis))
        for fn, q, axis in [(np.quantile, 0.5, None), (np.quantile, 0.3, 0), (np.percentile, 90, 1)]
    ),
    R(np.polyval, N(3), N(4)),
    R(np.polyval, N(3), 1.5),
]

MOVING = [
    R(np.concatenate, [N(2, 3), N(1, 3)]),
    R(np.concatenate, (N(2, 3), np.ones((2, 1))), axis=1),
    R(np.concatenate, [N(2), N(3)], 0),
    R(np.concatenate, [N(2, 1), N(3)], axis=None),
    R(np.concatenate, [[1.0, 2.0], N(3)]),
    R(np.concatenate, [N(2, 3), N(2, 2)], axis=-1),
    R(np.concatenate, N(2, 3)),
    R(np.append, N(2), N(3)),
    R(np.append, N(2), 1.0),
    R(np.append, N(2, 2), N(1, 2), axis=0),
    R(np.append, [], 2.0),
    R(np.vstack, [N(3), N(2, 3)]),
    R(np.hstack, [N(3), N(2)]),
    R(np.hstack, (np.ones((2, 1)), N(2, 3))),
    R(np.column_stack, [N(3), N(3, 2)]),
    R(np.dstack, [N(2, 2), N(2, 2)]),
    R(np.stack, [N(2, 3), N(2, 3)]),
    R(np.stack, [N(2, 3), N(2, 3)], axis=-1),
    R(np.stack, [N(2), N(2)], 1),
    R(np.stack, N(2, 3), axis=1),
    R(np.block, [[N(2, 2), N(2, 1)], [N(1, 2), N(1, 1)]]),
    R(np.block, [1.0, N(2)]),
    R(np.array, [1.0, 2.0, 3]),
    R(np.array, [[1.0, 2.0], [3.0, 4.0]]),
    R(np.array, [N(2), N(2)]),
    R(np.array, N(2, 3)),
    R(np.array, 2.5),
    R(np.array, [1.0, 2.0], dtype=float),
    R(np.array, [1.0, 2.0], float),
    R(np.array, N(3), ndmin=2),
    R(np.array, V(2, 3), order="F"),
    R(np.asarray, [[1.0, 2.0]]),
    R(np.asarray, N(2, 3), float),
    R(np.asarray, N(2, 3), dtype=np.float64, order="F"),
    R(np.copy, V(2, 3)),
    R(np.ascontiguousarray, V(2, 3)),
    R(np.ascontiguousarray, 2.0),
    R(np.asfortranarray, N(2, 3)),
    R(np.asanyarray, N(2)),
    R(np.ndarray.copy, V(2, 3)),
    R(np.ndarray.astype, N(2, 3), np.float64),
    R(np.ndarray.astype, N(2, 3), "float64", copy=False),
    R(np.ndarray.item, N(1)),
    R(np.ndarray.item, N(3), 2),
    R(np.ndarray.item, N(2, 3), (1, 2)),
    R(np.ndarray.item, N(2, 3), 1, 2),
    R(np.ndarray.tolist, N(2, 2)),
    R(np.ndarray.tolist, N(3)),
    R(np.ndarray.view, N(2)),
    R(builtins.float, 2.0),
    R(builtins.float, np.array(2.0)),
    R(np.float64, 2.0),
    R(np.float64, N(2, 2)),
    R(np.reshape, N(2, 3), (3, 2)),
    R(np.reshape, N(2, 3), -1),
    R(np.reshape, N(2, 3), (3, 2), "F"),
    R(np.reshape, V(2, 3), (3, 2), order="A"),
    R(np.ndarray.reshape, N(2, 3), 3, 2),
    R(np.ndarray.reshape, N(2, 3), (-1,), order="F"),
    R(np.ravel, V(2, 3)),
    R(np.ravel, N(2, 3), "F"),
    R(np.ravel, np.asfortranarray(N(2, 3)), order="K"),
    R(np.ravel, V(2, 3), order="K"),
    R(np.ravel, N(2, 3, 4).transpose(1, 2, 0), "K"),
    R(np.reshape, N(3, 2).T, (3, 2), order="A"),
    R(np.ndarray.ravel, N(2, 3)),
    R(np.ndarray.flatten, V(2, 3)),
    R(np.ndarray.flatten, N(2, 3), "F"),
    R(np.squeeze, N(1, 3, 1)),
    R(np.squeeze, N(1, 3, 1), axis=0),
    R(np.ndarray.squeeze, N(3, 1)),
    R(np.expand_dims, N(3), 0),
    R(np.expand_dims, N(2, 3), axis=(0, 2)),
    R(np.atleast_1d, 2.0),
    R(np.atleast_2d, N(3)),
    R(np.atleast_3d, N(2, 3)),
    R(np.atleast_2d, N(3), 2.0),
    R(np.transpose, N(2, 3)),
    R(np.transpose, N(2, 3, 4), (2, 0, 1)),
    R(np.transpose, N(2, 3, 4), axes=(1, 0, 2)),
    R(np.ndarray.transpose, N(2, 3, 4), 2, 0, 1),
    R(np.ndarray.transpose, N(2, 3)),
    R(np.ndarray.transpose, N(2, 3, 1), (1, 2, 0)),
    R(np.transpose, N(3)),
    R(np.swapaxes, N(2, 3, 4), 0, -1),
    R(np.ndarray.swapaxes, N(2, 3), 0, 1),
    R(np.moveaxis, N(2, 3, 4), 0, -1),
    R(np.moveaxis, N(2, 3, 4), [0, 1], [2, 0]),
    R(np.rollaxis, N(2, 3, 4), 2),
    R(np.transpose, [[1.0, 2.0], [3.0, 4.0]]),
    R(np.transpose, a=N(2, 3)),
    R(np.broadcast_to, N(3), (2, 3)),
    R(np.broadcast_to, 2.0, (2, 3)),
    R(np.broadcast_arrays, N(3), N(2, 1)),
    R(np.meshgrid, N(3), N(2)),
    R(np.meshgrid, N(3), N(2), indexing="ij"),
    R(np.full, (2, 3), 1.5),
    R(np.full, 3, fill_value=2.5),
    only([(1,)], R(np.full_like, np.ones((2, 3)), 2.5)),
    R(np.tile, N(2), 3),
    R(np.tile, N(2, 3), (2, 1, 2)),
    R(np.repeat, N(2, 3), 2),
    R(np.repeat, N(2, 3), [1, 2], axis=0),
    R(np.ndarray.repeat, N(3), 2),
    R(np.repeat, 2.0, 3),
    R(np.resize, N(3), (2, 2)),
    R(np.insert, N(4), 1, 2.0),
    R(np.insert, N(2, 3), [0, 2], N(2, 2), axis=1),
    R(np.delete, N(4), 1),
    R(np.delete, N(3, 4), [0, 2], axis=1),
    R(np.split, N(6), 3),
    R(np.split, N(6), [1, 4]),
    R(np.array_split, N(5), 2),
    R(np.hsplit, N(2, 4), 2),
    R(np.vsplit, N(4, 2), 2),
    R(np.split, N(4, 2), 2, axis=0),
    R(np.dsplit, N(1, 2, 4), 2),
    R(np.choose, [0, 1, 1], [N(3), N(3)]),
    R(np.choose, np.array([[0, 1], [1, 2]]), [1.0, N(2), N(2, 2)]),
    R(np.choose, [0, 1], N(2, 2)),
    R(np.ndarray.choose, np.array([0, 1, 0]), [N(3), 2.0]),
    R(np.select, [MASK[0], ~MASK[0]], [N(2, 3), N(2, 3)]),
    R(np.select, [MASK[0]], [N(3)], default=1.5),
    R(np.select, [MASK[0]], [N(3)], 2.5),
    R(np.bincount, np.array([0, 2, 2, 5]), N(4)),
    R(np.bincount, np.array([0, 2, 2]), weights=N(3), minlength=7),
    R(np.take, N(4), [0, 2, 2]),
    R(np.take, N(3, 4), 1, axis=1),
    R(np.take, N(3, 4), [[0, 1], [2, 2]], axis=0),
    R(np.ndarray.take, N(4), [1, 1]),
    R(np.take, N(3), 5, mode="wrap"),
    R(np.take_along_axis, N(2, 3), np.array([[0], [2]]), axis=1),
    R(np.take_along_axis, N(2, 3), np.array([[0, 0], [2, 1]]), 1),
    R(np.compress, [True, False, True], N(3)),
    R(np.compress, [True, False], N(2, 3), axis=0),
    R(np.extract, MASK[0], N(2, 3)),
    R(np.tril, N(3, 3)),
    R(np.triu, N(3, 4), 1),
    R(np.tril, N(2, 3, 3), k=-1),
    R(np.diag, N(3)),
    R(np.diag, N(3, 3)),
    R(np.diag, N(2), k=1),
    R(np.diagflat, N(2, 2)),
    R(np.diagonal, N(3, 3)),
    R(np.diagonal, N(2, 3, 3), 1, 1, 2),
    R(np.ndarray.diagonal, N(3, 3)),
    R(np.ndarray.compress, N(3), [True, False, True]),
    R(np.flip, N(2, 3)),
    R(np.flip, N(2, 3), axis=1),
    R(np.fliplr, N(2, 3)),
    R(np.flipud, N(2, 3)),
    R(np.rot90, N(2, 3)),
    R(np.rot90, N(2, 3), 2),
    R(np.rot90, N(2, 3, 1), k=3, axes=(1, 2)),
    R(np.roll, N(5), 2),
    R(np.roll, N(3, 4), -1, axis=0),
    R(np.roll, N(3, 4), (1, 2), axis=(0, 1)),
    R(np.pad, N(3), 1),
    R(np.pad, N(2, 3), ((1, 0), (0, 2))),
    R(np.pad, N(2, 3), 1, "constant"),
    R(np.pad, N(3), (1, 2), mode="edge"),
    R(np.pad, N(4), 2, mode="reflect"),
    R(np.pad, N(4), 2, "symmetric"),
    R(np.pad, N(4), 2, "wrap"),
    R(np.pad, N(2), 1, constant_values=7),
    R(np.pad, N(2), 1, constant_values=2.5),
    R(np.sort, N(5)),
    R(np.sort, N(3, 4), axis=0),
    R(np.sort, N(2, 3), axis=None),
    R(np.partition, N(5), 2),
    R(np.partition, N(3, 4), 1, axis=1),
    R(np.lib.stride_tricks.sliding_window_view, N(5), 3),
    R(np.lib.stride_tricks.sliding_window_view, V(4, 5), (2, 2)),
    R(np.lib.stride_tricks.sliding_window_view, N(3, 4), 2, axis=1),
    R(np.lib.stride_tricks.as_strided, N(6), (4, 3), (8, 8)),
    R(np.lib.stride_tricks.as_strided, N(4, 4), shape=(2, 2, 2, 2), strides=(64, 16, 32, 8)),
    R(np.lib.stride_tricks.as_strided, N(8)[::2], shape=(3, 2), strides=(16, 16)),
    R(np.lib.stride_tricks.as_strided, N(3), (2, 3), (0, 8)),
]

INDEXING = [
    *(
        R(getitem, N(4, 5), index)
        for index in [
            1,
            -1,
            slice(1, 3),
            slice(None, None, -2),
            (1, 2),
            (slice(None), 0),
            (slice(1, 3), slice(0, 4, 2)),
            (..., 1),
            (None, 2),
            np.int64(2),
            [0, 2, 2],
            (np.array([0, 1, 1]), np.array([2, 3, 3])),
            (range(4), [0, 1, 2, 1]),
            np.array([[0, 1], [3, 3]]),
            (slice(None), [0, 0, 1]),
            np.arange(20).reshape(4, 5) % 3 == 0,
            np.array([True, False, True, True]),
            (np.array([True, False, True, True]), 1),
            ([1, 1], slice(2)),
            (np.array([0, 0]), None, slice(None)),
            (),
            ...,
            np.array(2),
            (slice(None), np.array([True] * 3 + [False] * 2)),
        ]
    ),
    R(getitem, N(6), 3),
    R(getitem, N(6), np.array([], dtype=int)),
    R(getitem, V(3, 4), (slice(None), [1, 1])),
    R(getitem, N(3, 3, 2), ([0, 0], [1, 1])),
    R(getitem, [1.0, 2.0, 3.0], 1),
    R(getitem, [1.0, 2.0, 3.0], -1),
    R(getitem, [N(2), N(3)], 0),
    R(getitem, [1.0, 2.0, 3.0], slice(1, None)),
    R(getitem, (N(2), 2.5), 1),
    R(getitem, [[1.0, 2.0], [3.0, 4.0]], 1),
]

LINALG = [
    R(np.linalg.inv, SPD(3)),
    R(np.linalg.inv, np.stack([SPD(2), SPD(2)])),
    R(np.linalg.solve, SPD(3), N(3)),
    R(np.linalg.solve, SPD(3), N(3, 2)),
    R(np.linalg.solve, np.stack([SPD(2), SPD(2)]), N(2, 2, 1)),
    R(np.linalg.det, SPD(3)),
    R(np.linalg.det, np.stack([SPD(2), SPD(2)])),
    R(np.linalg.det, np.outer([1.0, 2.0, -1.0], [0.5, 1.0, 2.0]) + np.diag([0.0, 1.0, 0.0])),
    only([(0,)], R(np.linalg.slogdet, SPD(3))),
    R(np.linalg.matrix_power, N(3, 3), 3),
    R(np.linalg.matrix_power, SPD(2), -2),
    R(np.linalg.matrix_power, N(2, 2), 0),
    R(np.linalg.matrix_power, N(2, 2), 1),
    R(np.linalg.pinv, N(3, 2)),
    R(np.linalg.pinv, N(2, 3)),
    R(np.linalg.cholesky, SPD(3)),
]

SIGNAL = [
    *(
        R(fn, N(*a), N(*b), mode)
        for fn in (signal.convolve2d, signal.correlate2d, signal.convolve, signal.correlate)
        for a, b in [((4, 5), (2, 3)), ((3, 3), (3, 3)), ((5, 4), (3, 2)), ((4, 4), (2, 2))]
        for mode in ("full", "same", "valid")
    ),
    *(R(fn, N(2, 3), N(3, 4), mode=mode) for fn in (signal.convolve2d, signal.convolve) for mode in ("full", "valid")),
    *(
        R(fn, N(2, 3), N(*kernel), "same")
        for fn in (signal.convolve2d, signal.correlate2d, signal.convolve, signal.correlate)
        for kernel in [(3, 4), (4, 5), (5, 2)]
    ),
    R(signal.convolve, N(5), N(3), "same"),
    R(signal.fftconvolve, N(3, 4), N(2, 2), mode="valid"),
    R(signal.convolve2d, N(3, 3), N(2, 2)),
]

if hasattr(np, "vecdot"):
    LINEAR += [R(np.vecdot, N(2, 3), N(3)), R(np.linalg.vecdot, N(2, 3), N(2, 3))]

TABLE = [
    *SIGNAL,
    *elementwise_rows(),
    *ELEMENTWISE,
    *LINEAR,
    *reduction_rows(),
    *REDUCTION,
    *MOVING,
    *INDEXING,
    *LINALG,
]

ONLY_A_BOUND = (np.einsum, np.linalg.multi_dot)
"""An entry of their Jacobian may be a sum of products, whose absolute values the magnitude adds."""

# ----- how a row is checked -----


def run(fn: Any, args: Any, kwargs: Any) -> Any:
    target = getattr(fn[0], fn[1]) if isinstance(fn, tuple) else fn
    if kwargs.get("where", True) is not True and isinstance(fn, np.ufunc):
        kwargs = {**kwargs, "out": np.zeros(np.broadcast_shapes(*map(np.shape, args), kwargs["where"].shape))}
    return target(*args, **kwargs)


def float_leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, list | tuple) and not isinstance(value, str):
        for k, v in enumerate(value):
            yield from float_leaves(v, (*path, k))
    elif isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype == np.float64):
        yield path


def wanted_of(row: Row) -> list[tuple[Any, ...]]:
    if row.wanted is not None:
        return list(row.wanted)
    named = {k: v for k, v in row.kwargs.items() if k not in ("ord", "initial", "nan", "dx", "where", "axis")}
    last = 1 if row.fn in (np.linalg.norm,) else len(row.args)
    found = [p for k, v in enumerate(row.args[:last]) for p in float_leaves(v, (k,))]
    return found + [p for k, v in named.items() for p in float_leaves(v, (k,))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    return type(value)(replaced(v, path[1:], new) if k == path[0] else v for k, v in enumerate(value))


def run_with(row: Row, path: tuple[Any, ...], new: Any) -> Any:
    if isinstance(path[0], str):
        return run(row.fn, row.args, {**row.kwargs, path[0]: replaced(row.kwargs[path[0]], path[1:], new)})
    return run(row.fn, replaced(row.args, path, new), row.kwargs)


def flat(out: Any) -> Any:
    if isinstance(out, list | tuple):
        return np.concatenate([flat(v) for v in out]) if len(out) else np.zeros(0)
    return np.asarray(out, dtype=float).ravel()


def moved_by(row: Row, path: tuple[Any, ...], k: int, h: float) -> Any:
    """The result with element ``k`` of an operand moved by ``h``; in place in an array, so that views stay views."""
    operand = leaf(ops.table.Call(row.fn, None, None, row.args, row.kwargs, ()), path)
    if isinstance(operand, float):
        return flat(run_with(row, path, type(operand)(operand + h)))
    index = np.unravel_index(k, operand.shape)
    kept = operand[index]
    operand[index] = kept + h
    try:
        return flat(run_with(row, path, operand)).copy()
    finally:
        operand[index] = kept


def jacobian(row: Row, path: tuple[Any, ...]) -> Any:
    """(result size, operand size), fourth-order central differences."""
    operand = leaf(ops.table.Call(row.fn, None, None, row.args, row.kwargs, ()), path)
    h = 3e-4
    columns = []
    for k in range(np.size(operand)):
        near, far = (moved_by(row, path, k, s) - moved_by(row, path, k, -s) for s in (h, 2 * h))
        columns.append((8 * near - far) / (12 * h))
    return np.stack(columns, axis=1) if columns else np.zeros((flat(run(row.fn, row.args, row.kwargs)).size, 0))


def cotangent(out: Any) -> Any:
    if isinstance(out, list | tuple):
        return [cotangent(v) for v in out]
    return RANDOM.normal(size=np.shape(out)) if np.shape(out) else float(RANDOM.normal())


def absolute(g: Any) -> Any:
    return [absolute(v) for v in g] if isinstance(g, list) else abs(g)


@pytest.mark.parametrize("row", TABLE, ids=[f"{k}-{row.id}" for k, row in enumerate(TABLE)])
def test_vjp_and_magnitude_match_the_jacobian(row: Row) -> None:
    with np.errstate(all="ignore"):
        out = run(row.fn, row.args, row.kwargs)
        wanted = wanted_of(row)
        assert wanted
        jacobians = [jacobian(row, path) for path in wanted]
    g = cotangent(out)
    found = ops.vjp(row.fn, g, out, row.args, row.kwargs, wanted)
    sizes = ops.vjp(row.fn, absolute(g), out, row.args, row.kwargs, wanted, magnitude=True)
    for path, value, size, matrix in zip(wanted, found, sizes, jacobians, strict=True):
        operand = leaf(ops.table.Call(row.fn, g, out, row.args, row.kwargs, wanted), path)
        assert np.shape(value) == np.shape(size) == np.shape(operand)
        matrix = np.nan_to_num(matrix)
        scale = 1 + np.abs(matrix).max(initial=0)
        np.testing.assert_allclose(flat(value), matrix.T @ flat(g), rtol=1e-8, atol=row.tolerance * scale)
        exact = np.abs(matrix).T @ np.abs(flat(g))
        if row.fn in ONLY_A_BOUND:
            assert (flat(size) >= exact - row.tolerance * scale).all()
        else:
            np.testing.assert_allclose(flat(size), exact, rtol=1e-8, atol=row.tolerance * scale)
        assert (flat(size) >= np.abs(flat(value)) * (1 - 1e-12) - 1e-300).all()


def shifted(row: Row, path: tuple[Any, ...], operand: Any, d: Any) -> Any:
    """The result with a whole operand moved by ``d``, in place where it is an array."""
    if isinstance(operand, float):
        return flat(run_with(row, path, float(operand + d)))
    kept = operand.copy()
    operand += d
    try:
        return flat(run_with(row, path, operand)).copy()
    finally:
        operand[...] = kept


LINEAR_ROWS = [row for row in TABLE if ops.is_multilinear(row.fn)]


@pytest.mark.parametrize("row", LINEAR_ROWS, ids=[f"{k}-{row.id}" for k, row in enumerate(LINEAR_ROWS)])
def test_adjoint_identity_is_exact(row: Row) -> None:
    """<g, f(x + d) - f(x)> = <vjp(g), d> for any d, one operand at a time."""
    with np.errstate(all="ignore"):
        out = run(row.fn, row.args, row.kwargs)
        before = flat(out).copy()
        g = cotangent(out)
        wanted = wanted_of(row)
        for path, value in zip(wanted, ops.vjp(row.fn, g, out, row.args, row.kwargs, wanted), strict=True):
            operand = leaf(ops.table.Call(row.fn, g, out, row.args, row.kwargs, wanted), path)
            if np.isnan(operand).any():
                continue
            d = RANDOM.normal(size=np.shape(operand))
            left = flat(g) @ (shifted(row, path, operand, d) - before)
            assert left == pytest.approx(float(np.sum(np.asarray(value) * d)), rel=1e-11, abs=1e-11)


# ----- what a table of Jacobians does not show -----


def test_unknown_functions_raise() -> None:
    def user_function(x: Any) -> Any:
        return x

    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self) -> None: ...

    unknown = [user_function, Unhashable(), np.linalg.eigvals, np.fft.fft, (np.hypot, "reduce"), np.apply_along_axis]
    for fn in unknown:
        assert not ops.known(fn)
        assert not ops.ties(fn, 1.0, (1.0,), {})
        with pytest.raises(ops.NoDerivative):
            ops.vjp(fn, 1.0, 1.0, (1.0,), {}, [(0,)])


@pytest.mark.parametrize(
    ("fn", "args", "kwargs"),
    [
        (np.add, (np.array([1.0, 2.0], dtype=object), 1.0), {}),
        (np.multiply, (np.array([1j, 2.0]), 1.0), {}),
        (np.exp, (1j,), {}),
        (np.pad, (np.ones(3), 1, "linear_ramp"), {}),
        (np.linalg.norm, (np.ones((3, 3)), 3), {}),
        (np.interp, (np.ones(3), np.arange(2.0), np.arange(2.0)), {"left": 0.0}),
        (np.multiply, (np.ma.masked_array([1.0, 2.0], [True, False]), 2.0), {}),
        (np.average, (np.ones(3),), {"returned": True}),
        (np.quantile, (np.ones(3), [0.25, 0.75]), {}),
        (np.diff, (np.ones(3),), {"prepend": 0.0}),
        (np.linalg.cholesky, ("no matrix",), {}),
        (signal.convolve2d, (np.ones((3, 3)), np.ones((2, 2))), {"boundary": "wrap"}),
    ],
)
def test_arguments_that_cannot_be_differentiated_raise(fn: Any, args: Any, kwargs: Any) -> None:
    try:
        out = fn(*args, **kwargs)
    except (ValueError, np.linalg.LinAlgError):
        out = 1.0
    with pytest.raises(ops.NoDerivative, match="no derivative is known for"):
        ops.vjp(fn, np.ones(np.shape(out)), out, args, kwargs, [(0,)])


def test_strided_reads_outside_the_operand_raise() -> None:
    memory = N(6)
    out = np.lib.stride_tricks.as_strided(memory[1:4], (5,), (8,))
    with pytest.raises(ops.NoDerivative, match="outside"):
        ops.vjp(np.lib.stride_tricks.as_strided, np.ones(5), out, (memory[1:4], (5,), (8,)), {}, [(0,)])


ZERO = [
    R(np.less, N(3), 0.0),
    R(np.equal, N(3), N(3)),
    R(np.logical_and, N(3), N(3)),
    R(np.sign, N(3)),
    R(np.floor, N(3)),
    R(np.argmax, N(3)),
    R(np.ndarray.argmax, N(2, 3), 1),
    R(np.argsort, N(3)),
    R(np.round, N(3), 1),
    R(np.rint, N(3)),
    R(np.zeros_like, N(3)),
    R(np.ones_like, N(3)),
    R(np.unique, N(3)),
    R(np.shape, N(3)),
    R(np.isnan, N(3)),
    R(np.floor_divide, N(3), 2.0),
    R(np.heaviside, N(3), 0.5),
    R(math.floor, 1.5),
    R(builtins.int, 1.5),
    R(builtins.round, 1.5),
    R(np.searchsorted, np.arange(3.0), N(2)),
    R(np.ndarray.astype, N(3), int),
    R(np.ndarray.astype, N(3), bool),
    R(np.array, [1.5, 2.5], dtype=int),
    R(np.sum, N(3), dtype=int),
    R(np.isfinite, 1.5),
    R(np.any, N(3)),
    R(np.maximum, np.array([True, False]), False),
    R((np.less, "outer"), N(3), N(2)),
]


@pytest.mark.parametrize("row", ZERO, ids=[row.id for row in ZERO])
def test_zero_by_definition_is_none(row: Row) -> None:
    out = run(row.fn, row.args, row.kwargs)
    assert ops.known(row.fn)
    assert ops.vjp(row.fn, np.ones(np.shape(out)), out, row.args, row.kwargs, [(0,)]) == [None]


def test_operands_that_choose_have_no_derivative() -> None:
    out = np.where(MASK[0], N(2, 3), 0.0)
    assert ops.vjp(np.where, out, out, (MASK[0], out, 0.0), {}, [(0,)]) == [None]
    assert ops.vjp(getitem, 1.0, 2.0, (np.arange(4.0), 2), {}, [(1,)]) == [None]
    assert ops.vjp(np.take, out[0], out[0], (np.arange(4.0), [0, 1, 2]), {}, [(1, 0)]) == [None]
    assert ops.vjp(np.copysign, out, out, (out, out), {}, [(1,)]) == [None]


def test_a_parameter_that_starts_as_an_integer_is_treated_as_real() -> None:
    assert ops.vjp(np.multiply, 1.5, 0, (0, 3), {}, [(0,), (1,)]) == [4.5, 0.0]
    assert ops.vjp(np.add, np.ones(3), np.arange(3), (0, np.arange(3)), {}, [(0,)]) == [3.0]


@pytest.mark.parametrize(
    ("fn", "args", "expected"),
    [
        (np.sqrt, (np.array([0.0, 4.0]),), [0.0, 0.25]),
        (np.log, (np.array([0.0, 4.0]),), [0.0, 0.25]),
        (np.divide, (np.array([1.0, 4.0]), np.array([0.0, 2.0])), [0.0, 0.5]),
        (np.linalg.norm, (np.zeros(2),), [0.0, 0.0]),
        (np.std, (np.ones(2),), [0.0, 0.0]),
        (np.hypot, (np.zeros(2), np.zeros(2)), [0.0, 0.0]),
    ],
)
def test_no_nan_at_a_pole_that_nothing_uses(fn: Any, args: Any, expected: Any) -> None:
    with np.errstate(all="ignore"):
        out = fn(*args)
    g = np.array([0.0, 1.0]) if np.ndim(out) else 1.0
    np.testing.assert_array_equal(ops.vjp(fn, g, out, args, {}, [(0,)])[0], expected)


TIES = [
    (np.maximum, (np.array([0.0, 1.0]), 0.0), True),
    (np.maximum, (np.array([0.5, 1.0]), 0.0), False),
    (np.abs, (0.0,), True),
    (np.clip, (np.array([1.0, 0.2]), 0.0, 1.0), True),
    (np.clip, (0.5, 0.0, 1.0), False),
    (np.max, (np.array([1.0, 1.0, 0.0]),), True),
    (np.max, (np.array([1.0, 0.0, 0.0]),), False),
    (np.min, (np.array([[1.0, 2.0], [3.0, 3.0]]), 1), True),
    (np.greater, (np.array([0.0, 1.0]), 0), True),
    (np.greater, (np.array([0, 1]), 0), False),
    (np.equal, (0.0, 0.0), False),
    (np.add, (0.0, 0.0), False),
    (np.median, (np.array([1.0, 2.0, 2.0]),), True),
    (np.median, (np.array([1.0, 2.0, 3.0]),), False),
    (np.sort, (np.array([1.0, 2.0, 2.0]),), True),
    (np.linalg.norm, (np.zeros(3),), True),
    (np.std, (np.ones(3),), True),
    (builtins.max, (0, 0.0), True),
    (builtins.max, ([1.0, 2.0],), False),
    ((np.maximum, "reduce"), (np.ones(2),), True),
    ((np.maximum, "accumulate"), (np.array([1.0, 1.0]),), True),
    ((np.maximum, "outer"), (np.ones(2), np.ones(2)), True),
    (np.sign, (0.0,), True),
    (np.floor, (2.0,), True),
    (np.round, (2.5,), True),
    (np.round, (2.4,), False),
    (np.ptp, (np.ones(2),), True),
]


@pytest.mark.parametrize(("fn", "args", "expected"), TIES)
def test_ties(fn: Any, args: Any, expected: bool) -> None:
    assert ops.ties(fn, run(fn, args, {}), args, {}) is expected


def test_a_tie_belongs_to_the_scalar_else_to_the_first() -> None:
    zeros, g = np.zeros(2), np.ones(2)
    for args, first in [((zeros, 0.0), [0.0, 0.0]), ((0.0, zeros), 2.0), ((zeros, zeros), [1.0, 1.0])]:
        np.testing.assert_array_equal(ops.vjp(np.maximum, g, zeros, args, {}, [(0,)])[0], first)
    np.testing.assert_array_equal(ops.vjp(np.max, 1.0, 1.0, (np.ones(3),), {}, [(0,)])[0], [1.0, 0.0, 0.0])


def test_nothing_is_written_to_and_float32_operands_give_float64() -> None:
    for row in (
        R(np.multiply, N(2, 3), N(3)),
        R(np.matmul, N(2, 3), N(3, 2)),
        R(np.sum, N(2, 3)),
        R(getitem, N(4), [0, 0]),
    ):
        args = tuple(a.astype(np.float32) if isinstance(a, np.ndarray) else a for a in row.args)
        out = row.fn(*args)
        g = np.ones(np.shape(out))
        for a in (g, *args):
            if isinstance(a, np.ndarray):
                a.setflags(write=False)
        for value in ops.vjp(row.fn, g, out, args, {}, [(0,)]):
            assert value.dtype == np.float64


def test_scatter_add_counts_repeated_indices() -> None:
    for index in (1, (slice(None), 0), [1, 1, 0], np.array([True, False, True]), ([0, 0], [1, 1])):
        adjoint = np.ones((3, 2))
        g = RANDOM.normal(size=np.shape(adjoint[index]))
        ops.scatter_add(adjoint, index, g)
        np.testing.assert_allclose(adjoint - 1, ops.vjp(getitem, g, adjoint[index], (adjoint, index), {}, [(0,)])[0])


def test_pieces_that_nothing_reads_may_be_none() -> None:
    x = N(6)
    out = np.split(x, 3)
    np.testing.assert_array_equal(
        ops.vjp(np.split, [None, np.ones(2), None], out, (x, 3), {}, [(0,)])[0], [0, 0, 1, 1, 0, 0]
    )


def test_linear_and_multilinear() -> None:
    assert all(map(ops.is_linear, (np.add, np.sum, np.mean, np.concatenate, getitem, np.ndarray.reshape, np.cumsum)))
    assert not any(map(ops.is_linear, (np.multiply, np.matmul, np.exp, np.max, print)))
    assert all(map(ops.is_multilinear, (np.multiply, np.matmul, np.einsum, np.add, np.convolve)))
    assert not any(map(ops.is_multilinear, (np.divide, np.tanh, np.prod)))


def test_a_scalar_goes_the_same_way_by_the_short_cut_and_by_the_rule() -> None:
    both = [np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.minimum, math.pow, builtins.pow]
    one = [np.negative, np.exp, np.log, np.sqrt, np.tanh, np.square, np.abs, np.sin, np.cos, math.log, builtins.float]
    for fn, args in [(f, a) for f in both for a in [(0.37, 1.9), (1.9, -2.0), (0.4, 2)]] + [(f, (0.37,)) for f in one]:
        out = np.float64(fn(*args))
        wanted = [(k,) for k in range(len(args))]
        for magnitude in (False, True):
            quick = ops.vjp(fn, 1.25, out, args, {}, wanted, magnitude)
            slow = ops.vjp(fn, np.array(1.25), np.array(out), args, {}, wanted, magnitude)
            assert quick == pytest.approx(slow, rel=1e-15)


def test_a_large_einsum_agrees_with_matmul() -> None:
    x, y = RANDOM.normal(size=(100, 60)), RANDOM.normal(size=(60, 90))
    g = RANDOM.normal(size=(100, 90))
    left = ops.vjp(np.einsum, g, x @ y, ("ij,jk->ik", x, y), {}, [(1,), (2,)])
    right = ops.vjp(np.matmul, g, x @ y, (x, y), {}, [(0,), (1,)])
    for a, b in zip(left, right, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-11)
