"""Functions that act on each element: an entry gives the local derivative for each operand.

A factor is called with ``(out, *operands)``, all float64 arrays, and returns an array (or scalar) that broadcasts to
the result, or None for a derivative of zero. ``singular`` marks factors that may be infinite or undefined at a point
where the cotangent is zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from .table import Call, Gradient, Path, Rule, as_float, flat, part, register, register_quick, unbroadcast

Factor: TypeAlias = "Callable[..., Any] | float | None"
Tie: TypeAlias = "Callable[..., Any] | None"


def elementwise(
    names: str,
    *factors: Factor,
    tie: Tie = None,
    singular: bool = False,
    linear: bool = False,
    multilinear: bool = False,
) -> None:
    """Enter functions with one factor an operand: a function, a constant, or None for zero."""

    def rule(call: Call) -> list[Gradient]:
        return _apply(call, factors, singular)

    on_tie = tie and (lambda call: tie(*(as_float(a) for a in call.args)))
    register(names, Rule(rule, on_tie, linear, multilinear))


def _apply(call: Call, factors: Sequence[Factor], singular: bool) -> list[Gradient]:
    operands = [as_float(a) for a in call.args]
    out = as_float(call.out)
    found: dict[Any, Gradient] = {}
    for path in call.wanted:
        i = path[0]
        if i not in found and isinstance(i, int):
            factor = factors[i]
            local = factor(out, *operands) if callable(factor) else factor
            found[i] = _product(call, local, operands[i].shape, singular)
    return [part(found.get(path[0]), path) for path in call.wanted]


def _product(call: Call, local: Any, shape: tuple[int, ...], singular: bool) -> Gradient:
    if local is None:
        return None
    g = call.g if isinstance(local, float) and local == 1.0 else np.asarray(call.g * local)
    if call.magnitude:
        g = np.abs(g)
    if singular and not np.isfinite(g).all():
        g = np.where(np.equal(call.g, 0), 0.0, g)
    mask = call.kwargs.get("where", True)
    if mask is not True:
        g = np.where(mask, g, 0.0)
    return unbroadcast(g, shape)


def _at_zero(x: Any, *_: Any) -> Any:
    return x == 0


def _equal(x: Any, y: Any, *_: Any) -> Any:
    return x == y


def _unless(pole: Any, value: Any) -> Any:
    return np.where(pole, 0.0, value)


# ----- arithmetic -----

elementwise("add", 1.0, 1.0, linear=True)
elementwise("subtract", 1.0, -1.0, linear=True)
elementwise("negative", -1.0, linear=True)
elementwise("positive conjugate real ndarray.conj ndarray.conjugate real_if_close", 1.0, linear=True)
elementwise("divide", lambda out, x, y: 1 / y, lambda out, x, y: -out / y, singular=True)
elementwise("reciprocal", lambda out, x: -out * out, singular=True)
elementwise("square", lambda out, x: 2 * x)


def _base(out: Any, x: Any, y: Any) -> Any:
    return _unless(y == 0, y * np.power(x, np.where(y == 0, 1.0, y - 1)))


def _exponent(out: Any, x: Any, y: Any) -> Any:
    return _unless(x <= 0, out * np.log(np.where(x > 0, x, 1.0)))


elementwise("power float_power math.pow builtins.pow", _base, _exponent, singular=True)
elementwise("mod remainder", 1.0, lambda out, x, y: -np.floor(x / y), tie=lambda x, y: (np.mod(x, y) == 0) & (x != 0))
elementwise("fmod math.fmod", 1.0, lambda out, x, y: -np.trunc(x / y))
elementwise("math.remainder", 1.0, lambda out, x, y: -np.rint(x / y))
elementwise("ldexp math.ldexp", lambda out, x, n: np.exp2(n), None)
elementwise("copysign math.copysign", lambda out, x, y: np.copysign(1.0, x) * np.copysign(1.0, y), None)
elementwise("absolute fabs math.fabs builtins.abs", lambda out, x: np.sign(x), tie=_at_zero)
elementwise("nan_to_num", lambda out, x, *_: np.isfinite(x) * 1.0, None, None, None, None)
elementwise("degrees rad2deg math.degrees", 180 / math.pi, linear=True)
elementwise("radians deg2rad math.radians", math.pi / 180, linear=True)

# ----- exponentials, logarithms, roots -----

elementwise("exp math.exp", lambda out, x: out)
elementwise("exp2 math.exp2", lambda out, x: out * math.log(2))
elementwise("expm1 math.expm1", lambda out, x: np.exp(x))
elementwise("log2 math.log2", lambda out, x: 1 / (x * math.log(2)), singular=True)
elementwise("log10 math.log10", lambda out, x: 1 / (x * math.log(10)), singular=True)
elementwise("log1p math.log1p", lambda out, x: 1 / (1 + x), singular=True)
elementwise("log", lambda out, x: 1 / x, singular=True)
elementwise("math.log", lambda out, x, *base: 1 / (x * np.log(base[0]) if base else x),
            lambda out, x, base: -out / (base * np.log(base)), singular=True)  # fmt: skip
elementwise("sqrt math.sqrt", lambda out, x: 0.5 / out, singular=True)
elementwise("cbrt math.cbrt", lambda out, x: 1 / (3 * out * out), singular=True)
elementwise("logaddexp", lambda out, x, y: np.exp(x - out), lambda out, x, y: np.exp(y - out))
elementwise("logaddexp2", lambda out, x, y: np.exp2(x - out), lambda out, x, y: np.exp2(y - out))

# ----- trigonometric and hyperbolic -----

elementwise("sin math.sin", lambda out, x: np.cos(x))
elementwise("cos math.cos", lambda out, x: -np.sin(x))
elementwise("tan math.tan", lambda out, x: 1 + out * out)
elementwise("arcsin math.asin", lambda out, x: 1 / np.sqrt((1 - x) * (1 + x)), singular=True)
elementwise("arccos math.acos", lambda out, x: -1 / np.sqrt((1 - x) * (1 + x)), singular=True)
elementwise("arctan math.atan", lambda out, x: 1 / (1 + x * x))
elementwise("sinh math.sinh", lambda out, x: np.cosh(x))
elementwise("cosh math.cosh", lambda out, x: np.sinh(x))
elementwise("tanh math.tanh", lambda out, x: 1 - out * out)
elementwise("arcsinh math.asinh", lambda out, x: 1 / np.sqrt(1 + x * x))
elementwise("arccosh math.acosh", lambda out, x: 1 / np.sqrt((x - 1) * (x + 1)), singular=True)
elementwise("arctanh math.atanh", lambda out, x: 1 / ((1 - x) * (1 + x)), singular=True)
elementwise("arctan2 math.atan2", lambda out, y, x: x / (x * x + y * y), lambda out, y, x: -y / (x * x + y * y),
            singular=True)  # fmt: skip


def _hypot(i: int) -> Factor:
    return lambda out, *x: _unless(out == 0, x[i] / np.where(out == 0, 1.0, out))


def _both_zero(*x: Any) -> Any:
    return sum(np.abs(v) for v in x) == 0


elementwise("hypot math.hypot", *(_hypot(i) for i in range(16)), tie=_both_zero)


def _sinc(out: Any, x: Any) -> Any:
    # The quotient cancels near zero; three terms of the series are exact to rounding below 1e-2.
    t = (math.pi * x) ** 2
    series = -(math.pi**2) * x * (1 / 3 - t * (1 / 30 - t * (1 / 840 - t / 45360)))
    return np.where(np.abs(x) < 1e-2, series, (np.cos(math.pi * x) - out) / np.where(x == 0, 1.0, x))


elementwise("sinc", _sinc)

# ----- choices between operands -----


def _first_wins(above: Callable[..., Any], skip_nan: bool = False) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def first(out: Any, x: Any, y: Any) -> Any:
        wins = above(x, y) if y.ndim == 0 and x.ndim > 0 else ~above(y, x)
        return (wins & ~np.isnan(x)) | np.isnan(y) if skip_nan else wins

    return first, lambda out, x, y: ~first(out, x, y)


elementwise("maximum", *_first_wins(np.greater), tie=_equal)
elementwise("minimum", *_first_wins(np.less), tie=_equal)
elementwise("fmax", *_first_wins(np.greater, skip_nan=True), tie=_equal)
elementwise("fmin", *_first_wins(np.less, skip_nan=True), tie=_equal)
elementwise("where", None, lambda out, c, x, y: c != 0, lambda out, c, x, y: c == 0, linear=True)

_CLIP_NAMES = {"a_min": 1, "min": 1, "a_max": 2, "max": 2, "a": 0}


def _clip_operands(call: Call) -> list[Any]:
    bound = [*call.args, None, None][:3] if call.args else [None, None, None]
    for name, value in call.kwargs.items():
        if name in _CLIP_NAMES:
            bound[_CLIP_NAMES[name]] = value
    low, high = (as_float(limit if limit is not None else sign * np.inf)
                 for limit, sign in zip(bound[1:], (-1, 1), strict=True))  # fmt: skip
    return [as_float(bound[0]), low, high]


def _clip(call: Call) -> list[Gradient]:
    x, low, high = operands = _clip_operands(call)
    shares = ((low <= x) & (x <= high), (x < low) & (low <= high), (x > high) | (low > high))
    answer: list[Gradient] = []
    for path in call.wanted:
        i = _CLIP_NAMES[path[0]] if isinstance(path[0], str) else path[0]
        answer.append(part(_product(call, shares[i], operands[i].shape, False), path))
    return answer


def _clip_tie(call: Call) -> Any:
    x, low, high = _clip_operands(call)
    return (x == low) | (x == high)


register("clip ndarray.clip", Rule(_clip, _clip_tie))

# ----- scipy.special (functions without gamma) -----


def _expit(out: Any, x: Any) -> Any:
    small = np.exp(-np.abs(x))
    return small / (1 + small) ** 2


def _one_minus_expit(out: Any, x: Any) -> Any:
    return np.exp(-np.logaddexp(0.0, x))


elementwise("special.expit", _expit)
elementwise("special.log_expit", _one_minus_expit)
elementwise("special.softplus", lambda out, x: np.exp(-np.logaddexp(0.0, -x)))
elementwise("special.logit", lambda out, x: 1 / (x * (1 - x)), singular=True)
elementwise("special.erf math.erf", lambda out, x: 2 / math.sqrt(math.pi) * np.exp(-x * x))
elementwise("special.erfc math.erfc", lambda out, x: -2 / math.sqrt(math.pi) * np.exp(-x * x))
elementwise("special.erfinv", lambda out, x: math.sqrt(math.pi) / 2 * np.exp(out * out))
elementwise("special.ndtr", lambda out, x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi))
elementwise("special.log_ndtr", lambda out, x: np.exp(-x * x / 2 - out) / math.sqrt(2 * math.pi))
elementwise("special.exp10", lambda out, x: out * math.log(10))
elementwise("special.expm1", lambda out, x: np.exp(x))
elementwise("special.exp2", lambda out, x: out * math.log(2))
elementwise("special.log1p", lambda out, x: 1 / (1 + x), singular=True)
elementwise("special.cbrt", lambda out, x: 1 / (3 * out * out), singular=True)
elementwise("special.xlogy", lambda out, x, y: np.log(y), lambda out, x, y: x / y, singular=True)
elementwise("special.xlog1py", lambda out, x, y: np.log1p(y), lambda out, x, y: x / (1 + y), singular=True)
elementwise("special.entr", lambda out, x: -np.log(x) - 1, singular=True)
elementwise("special.rel_entr", lambda out, x, y: np.log(x / y) + 1, lambda out, x, y: -x / y, singular=True)
elementwise("special.kl_div", lambda out, x, y: np.log(x / y), lambda out, x, y: 1 - x / y, singular=True)
elementwise("special.pseudo_huber", lambda out, d, r: 2 * out / d - r * r / (d * np.sqrt(1 + (r / d) ** 2)),
            lambda out, d, r: r / np.sqrt(1 + (r / d) ** 2))  # fmt: skip
elementwise("special.huber", lambda out, d, r: np.where(np.abs(r) <= d, 0.0, np.abs(r) - d),
            lambda out, d, r: np.clip(r, -d, d))  # fmt: skip

# ----- derivative zero by definition -----


def _float_tie(call: Call) -> Any:
    if any(np.asarray(a).dtype.kind in "fc" for a in call.args[:2]):
        return np.equal(call.args[0], call.args[1])
    return False


def _at_integers(call: Call) -> Any:
    x = as_float(call.args[0])
    return x == np.trunc(x)


def _at_halves(call: Call) -> Any:
    x = as_float(call.args[0]) * 10.0 ** int(call.args[1] if len(call.args) > 1 else call.kwargs.get("decimals", 0))
    return np.abs(x - np.trunc(x)) == 0.5


flat("less less_equal greater greater_equal", tie=_float_tie)
flat("equal not_equal logical_and logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor invert")
flat("left_shift right_shift isnan isinf isfinite isposinf isneginf isclose allclose array_equal array_equiv signbit")
flat("isreal iscomplex isscalar iscomplexobj isrealobj math.isnan math.isinf math.isfinite math.isclose imag angle")
flat("isin in1d any all ndarray.any ndarray.all")
flat("sign heaviside", tie=lambda call: np.equal(call.args[0], 0))
flat("floor ceil trunc fix math.floor math.ceil math.trunc", tie=_at_integers)
flat("rint round around round_ ndarray.round builtins.round", tie=_at_halves)
flat("floor_divide builtins.int builtins.bool builtins.len builtins.range builtins.isinstance")
flat("argmax argmin argsort argpartition nanargmax nanargmin argwhere searchsorted digitize nonzero flatnonzero")
flat("ndarray.argmax ndarray.argmin ndarray.argsort ndarray.argpartition ndarray.nonzero ndarray.searchsorted")
flat("unique count_nonzero histogram histogram_bin_edges shape ndim size unravel_index ravel_multi_index")
flat(
    "lexsort indices ix_ tril_indices triu_indices diag_indices mask_indices unique_values unique_counts unique_inverse"
)
flat("zeros ones empty eye identity tri arange linspace logspace geomspace zeros_like ones_like empty_like")
flat("result_type can_cast finfo iinfo int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool_ shares_memory")
flat("may_share_memory iterable spacing get_printoptions array_str array_repr array2string save savetxt savez")
flat("linalg.matrix_rank")

# ----- scalars: what a million-operation loop runs through -----

_Factors: TypeAlias = "tuple[float, ...] | None"


def quick(names: str, factors: Callable[..., _Factors]) -> None:
    """Enter the scalar short cut: ``factors(out, *operands)`` gives a float an operand, or None to use the rule."""

    def apply(g: Any, out: Any, args: Sequence[Any], wanted: Sequence[Path], magnitude: bool) -> list[Gradient] | None:
        local = factors(out, *args)
        if local is None:
            return None
        g = float(g)
        if magnitude:
            return [abs(g * local[path[0]]) for path in wanted]
        return [g * local[path[0]] for path in wanted]

    register_quick(names, apply)


def _quick_divide(out: Any, x: Any, y: Any) -> _Factors:
    y = float(y)
    return (1 / y, -float(out) / y) if y else None


def _quick_power(out: Any, x: Any, y: Any, *rest: Any) -> _Factors:
    x, y, out = float(x), float(y), float(out)
    if y == 2.0:
        return (2 * x, out * math.log(x) if x > 0 else 0.0)
    return (y * (out / x), out * math.log(x) if x > 0 else 0.0) if x else None


def _quick_maximum(out: Any, x: Any, y: Any) -> _Factors:
    return (1.0, 0.0) if x >= y else (0.0, 1.0) if x < y else None


def _quick_minimum(out: Any, x: Any, y: Any) -> _Factors:
    return (1.0, 0.0) if x <= y else (0.0, 1.0) if x > y else None


def _quick_tanh(out: Any, x: Any) -> _Factors:
    out = float(out)
    return (1 - out * out,)


quick("add", lambda out, x, y: (1.0, 1.0))
quick("subtract", lambda out, x, y: (1.0, -1.0))
quick("multiply", lambda out, x, y: (float(y), float(x)))
quick("divide", _quick_divide)
quick("power math.pow builtins.pow", _quick_power)
quick("negative", lambda out, x: (-1.0,))
quick("exp math.exp", lambda out, x: (float(out),))
quick("log", lambda out, x: (1 / float(x),) if x else None)
quick("math.log", lambda out, x, *base: (1 / float(x),) if x and not base else None)
quick("sqrt math.sqrt", lambda out, x: (0.5 / float(out),) if out else None)
quick("tanh math.tanh", _quick_tanh)
quick("square", lambda out, x: (2 * float(x),))
quick("maximum", _quick_maximum)
quick("minimum", _quick_minimum)
quick("absolute fabs math.fabs builtins.abs", lambda out, x: (1.0 if x > 0 else -1.0 if x < 0 else 0.0,))
quick("sin math.sin", lambda out, x: (math.cos(x),) if math.isfinite(x) else None)
quick("cos math.cos", lambda out, x: (-math.sin(x),) if math.isfinite(x) else None)
quick("builtins.float float64", lambda out, x="": (1.0,) if not isinstance(x, np.ndarray | str) else None)
