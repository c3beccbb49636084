"""The complex step: a directional derivative to the last digit from one evaluation, where the code allows it.

Squire and Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40, 1998. An
imaginary part of 1e-50 rides through the computation and changes no branch. NumPy functions that are not analytic
(``abs``, ``var``, ``conj``, comparisons of complex numbers, ...) are given their derivative by `Dual`; what slips
through (a cast to float, a preallocated real array) raises or is found by the caller's difference check.

With `rounding` set, every arithmetic result gets a random relative error of that size (Monte Carlo arithmetic, Parker
1997): how far the derivative then scatters is how far rounding alone can move a correct hand-written gradient.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

H = 1e-50
Formula = Callable[..., Any]


class Spent(Exception):
    """No loss evaluation is left."""


class Unsupported(Exception):
    """The code does not let a complex number through."""


@dataclass(slots=True)
class Ties:
    """How exact ties are broken in one run, and what was met: `seen` ties in `compared` comparisons.

    ``absolute`` says that one was in an ``abs``.

    Without `rng` every tie goes to the other side than usual, with it to a random one.
    """

    rng: np.random.Generator | None = None
    seen: int = 0
    compared: int = 0
    absolute: bool = False

    def broken(self, usual: Any, tied: Any) -> Any:
        """`usual`, except where `tied`."""
        tied = np.broadcast_to(tied, np.shape(usual))
        self.seen += int(np.sum(tied))
        self.compared += 1
        other = np.logical_not(usual) if self.rng is None else self.rng.random(np.shape(usual)) < 0.5
        return np.where(tied, other, usual)


class Dual(np.ndarray):
    """complex128 array that behaves like its real part, with the derivative in the imaginary part."""

    __array_priority__ = 1000.0
    last_cast: tuple[float, float] | None = None
    rounding: tuple[float, np.random.Generator] | None = None
    ties: Ties | None = None

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = tuple(_plain(v) for v in inputs)
        out = kwargs.pop("out", None)
        if kwargs.get("dtype") is not None and np.dtype(kwargs["dtype"]).kind == "f":
            del kwargs["dtype"]
        result = _apply(ufunc, method, plain, kwargs)
        if Dual.rounding is not None and ufunc.__name__ not in EXACT:
            result = _shake(result, *Dual.rounding)
        return _deliver(result, out) if out is not None else _dual(result)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        special = FUNCTIONS.get(func)
        if special is not None:
            return special(*args, **kwargs)
        if np.dtype(kwargs.get("dtype") or "O").kind == "f":
            kwargs = {k: v for k, v in kwargs.items() if k != "dtype"}
        result = super().__array_function__(func, types, args, kwargs)
        if Dual.rounding is not None and func.__name__ in ROUNDED:
            result = _shake(_plain(result), *Dual.rounding)
        return _dual(result)

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """Casts to a float type keep the derivative; casts to integers take the real part."""
        if np.dtype(dtype).kind in "fc":
            return self.copy()
        return np.asarray(self).real.astype(dtype, *args, **kwargs)

    def __float__(self) -> float:
        value = complex(np.asarray(self).item())
        Dual.last_cast = (value.real, value.imag)
        return value.real

    def argmax(self, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
        """By the real part: complex numbers that are equal would be told apart by their slopes."""
        return _position(self, axis, keepdims, np.max)

    def argmin(self, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
        """By the real part, like `argmax`."""
        return _position(self, axis, keepdims, np.min)

    def conj(self) -> Dual:
        """The same array: a real number has no other conjugate."""
        return self

    conjugate = conj

    def var(self, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, **kwargs: Any) -> Any:
        """Variance as the mean of squares, without a conjugate."""
        centred = self - np.mean(self, axis=axis, keepdims=True)
        squares = centred * centred
        count = squares.size / max(1, np.sum(squares, axis=axis).size)
        return np.sum(squares, axis=axis, keepdims=kwargs.get("keepdims", False)) / (count - ddof)

    def std(self, *args: Any, **kwargs: Any) -> Any:
        """Square root of `var`."""
        return np.sqrt(self.var(*args, **kwargs))


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Dual) else value


def _dual(result: Any) -> Any:
    if isinstance(result, tuple):
        return tuple(_dual(r) for r in result)
    if isinstance(result, list):
        return [_dual(r) for r in result]
    if isinstance(result, np.ndarray | np.generic) and result.dtype.kind == "c":
        return np.asarray(result).view(Dual)
    return result


def _shake(result: Any, unit: float, rng: np.random.Generator) -> Any:
    if not isinstance(result, np.ndarray | np.generic) or result.dtype.kind != "c":
        return result
    shape = result.shape
    real = result.real * (1 + unit * rng.uniform(-1, 1, shape))
    return _join(real, result.imag * (1 + unit * rng.uniform(-1, 1, shape)))


def _deliver(result: Any, out: tuple[Any, ...]) -> Any:
    results = result if isinstance(result, tuple) else (result,)
    for target, value in zip(out, results, strict=False):
        if target is not None:
            _plain(target)[...] = value  # a real target raises ComplexWarning: the derivative would be lost
    return out[0] if len(out) == 1 else out


def _apply(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if ufunc.__name__ in REAL_ONLY:
        found = getattr(ufunc, method)(*(_real(v) for v in inputs), **kwargs)
        ordered = ufunc.__name__ in ORDER and method == "__call__" and Dual.ties is not None
        return Dual.ties.broken(found, _tied(*inputs)) if ordered and Dual.ties else found
    if ufunc.__name__ in ("maximum", "minimum") and method == "reduce":
        return _extreme(ufunc, inputs[0], **kwargs)
    formula = FORMULAS.get(ufunc.__name__)
    if formula is not None and method == "__call__":
        extra = {k: v for k, v in kwargs.items() if k not in ("casting", "subok", "order")}
        if extra:
            raise Unsupported(f"{ufunc.__name__} with {sorted(extra)}")
        return formula(*inputs)
    return getattr(ufunc, method)(*inputs, **kwargs)


def _tied(left: Any, right: Any) -> Any:
    """Where two numbers are equal and move apart."""
    (x, dx), (y, dy) = _parts(left), _parts(right)
    return (x == y) & (dx != dy)


def _extreme(ufunc: np.ufunc, array: Any, axis: Any = 0, keepdims: bool = False, **rest: Any) -> Any:
    """Largest or smallest along an axis: the first of equal ones, as complex numbers would be told apart by slope."""
    if isinstance(axis, tuple) or any(v is not None and v is not True for v in rest.values()):
        return ufunc.reduce(array, axis=axis, keepdims=keepdims, **rest)
    flat = np.asarray(array).reshape(-1) if axis is None else np.moveaxis(np.asarray(array), axis, -1)
    best = ufunc.reduce(flat.real, axis=-1, keepdims=True)
    equal = flat.real == best
    choice = _first(equal)[..., None]
    found = np.take_along_axis(flat, choice, axis=-1)
    if not keepdims:
        return found[..., 0]
    return found.reshape((1,) * np.ndim(array)) if axis is None else np.moveaxis(found, -1, axis)


def _first(equal: np.ndarray) -> Any:
    """Position of the first winner along the last axis; of the last one where ties are broken."""
    first = np.argmax(equal, axis=-1)
    if Dual.ties is None:
        return first
    last = equal.shape[-1] - 1 - np.argmax(equal[..., ::-1], axis=-1)
    return np.where(Dual.ties.broken(np.ones(np.shape(first), bool), first != last), first, last)


def _position(array: Dual, axis: Any, keepdims: bool, extreme: Formula) -> Any:
    real = np.asarray(array).real
    flat = real.reshape(-1) if axis is None else np.moveaxis(real, axis, -1)
    found = _first(flat == extreme(flat, axis=-1, keepdims=True))
    if not keepdims:
        return found
    return np.reshape(found, (1,) * real.ndim) if axis is None else np.expand_dims(found, axis)


def _real(value: Any) -> Any:
    return np.asarray(value).real if np.iscomplexobj(value) else value


def _parts(value: Any) -> tuple[Any, Any]:
    array = np.asarray(value)
    return (array.real, array.imag) if array.dtype.kind == "c" else (array, 0.0)


def _join(real: Any, imag: Any) -> Any:
    real, imag = np.broadcast_arrays(np.asarray(real, dtype=float), np.asarray(imag, dtype=float))
    joined = np.empty(real.shape, dtype=complex)
    joined.real, joined.imag = real, imag
    return joined[()]


def _chain(function: Formula, slope: Formula) -> Formula:
    """A one-argument function from its value and its derivative, both of real arguments."""

    def formula(value: Any) -> Any:
        x, dx = _parts(value)
        return _join(function(x), np.where(dx == 0, 0.0, slope(x) * dx))

    return formula


def _absolute(value: Any) -> Any:
    x, dx = _parts(value)
    side = np.sign(x)
    if Dual.ties is not None:
        tied = (x == 0) & (dx != 0)
        Dual.ties.absolute |= bool(np.any(tied))
        side = np.where(tied, 2.0 * Dual.ties.broken(np.zeros(np.shape(tied), bool), tied) - 1.0, side)
    return _join(np.abs(x), side * dx)


def _noisy(value: Any) -> Any:
    if Dual.rounding is None:
        return value
    unit, rng = Dual.rounding
    return value * (1 + unit * rng.uniform(-1, 1, np.shape(value)))


def _choice(first_wins: Formula) -> Formula:
    """A two-argument function that returns one of its arguments, judged by the real parts."""

    def formula(left: Any, right: Any) -> Any:
        usual = first_wins(_real(left), _real(right))
        first = usual if Dual.ties is None else Dual.ties.broken(usual, _tied(left, right))
        return np.where(first, left, right)

    return formula


def _power(base: Any, exponent: Any) -> Any:
    (x, dx), (p, dp) = _parts(base), _parts(exponent)
    value = np.power(x, p)
    by_base = np.where(dx == 0, 0.0, p * np.power(x, np.where(p == 0, 1.0, p - 1.0)) * dx)
    by_exponent = np.where(dp == 0, 0.0, value * np.log(np.where(x > 0, x, 1.0)) * dp) if np.any(dp) else 0.0
    return _join(value, by_base + by_exponent)


def _logaddexp(left: Any, right: Any) -> Any:
    (x, dx), (y, dy) = _parts(left), _parts(right)
    share = _expit(x - y)
    return _join(np.logaddexp(x, y), share * dx + (1 - share) * dy)


def _hypot(left: Any, right: Any) -> Any:
    (x, dx), (y, dy) = _parts(left), _parts(right)
    length = np.hypot(x, y)
    return _join(length, (x * dx + y * dy) / np.where(length == 0, 1.0, length))


def _arctan2(left: Any, right: Any) -> Any:
    (y, dy), (x, dx) = _parts(left), _parts(right)
    return _join(np.arctan2(y, x), (x * dy - y * dx) / (x * x + y * y))


def _remainder(left: Any, right: Any) -> Any:
    (x, dx), (y, dy) = _parts(left), _parts(right)
    return _join(np.remainder(x, y), dx - np.floor_divide(x, y) * dy)


def _divide(left: Any, right: Any) -> Any:
    (x, dx), (y, dy) = _parts(left), _parts(right)
    quotient = np.divide(x, y)
    return _join(quotient, np.where(np.isinf(y) & np.isfinite(x), 0.0, (dx - quotient * dy) / y))


def _expit(x: Any) -> Any:
    small = np.exp(-np.abs(x))
    return np.where(np.asarray(x) >= 0, 1.0, small) / (1.0 + small)


def _clip(value: Any, low: Any, high: Any) -> Any:
    raised = value if low is None else FORMULAS["maximum"](value, low)
    return raised if high is None else FORMULAS["minimum"](raised, high)


REAL_ONLY = frozenset(
    "less less_equal greater greater_equal equal not_equal sign floor ceil rint trunc floor_divide heaviside signbit"
    " isfinite isinf isnan logical_and logical_or logical_not logical_xor".split()
)

ORDER = frozenset("less less_equal greater greater_equal".split())
EXACT = frozenset("maximum minimum fmax fmin negative positive absolute fabs conjugate clip".split())
ROUNDED = frozenset("dot inner outer tensordot einsum convolve kron trace solve inv det".split())

FORMULAS: dict[str, Formula] = {
    "absolute": _absolute,
    "fabs": _absolute,
    "conjugate": lambda value: value,
    "expit": _chain(_expit, lambda x: _expit(x) * (1.0 - _noisy(_expit(x)))),
    "log_expit": _chain(lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))), lambda x: _expit(-x)),
    # Not 1/cosh(x)^2: people write 1 - tanh(x)^2, and its cancellation must show in the scatter.
    "tanh": _chain(np.tanh, lambda x: 1.0 - _noisy(np.tanh(x)) ** 2),
    "exp": _chain(np.exp, np.exp),
    "exp2": _chain(np.exp2, lambda x: np.exp2(x) * math.log(2)),
    "cbrt": _chain(np.cbrt, lambda x: 1.0 / (3.0 * np.cbrt(x) ** 2)),
    "deg2rad": _chain(np.deg2rad, lambda x: math.pi / 180),
    "logaddexp": _logaddexp,
    "hypot": _hypot,
    "arctan2": _arctan2,
    "remainder": _remainder,
    "divide": _divide,
    "power": _power,
    "float_power": _power,
    "clip": _clip,
    "maximum": _choice(lambda x, y: (x >= y) | np.isnan(x)),
    "fmax": _choice(lambda x, y: (x >= y) | np.isnan(y)),
    "minimum": _choice(lambda x, y: (x <= y) | np.isnan(x)),
    "fmin": _choice(lambda x, y: (x <= y) | np.isnan(y)),
}


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord not in (None, 2, "fro") or (ord == 2 and axis is None and np.ndim(x) != 1):
        raise Unsupported("this matrix norm")
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))


FUNCTIONS: dict[Any, Formula] = {
    np.linalg.norm: _norm,
    np.var: lambda a, *args, **kwargs: a.view(Dual).var(*args, **kwargs),
    np.std: lambda a, *args, **kwargs: a.view(Dual).std(*args, **kwargs),
    np.vdot: lambda a, b: np.dot(np.ravel(a), np.ravel(b)),
    np.real: lambda val: val,
    np.iscomplexobj: lambda x: False,
    np.isrealobj: lambda x: True,
}


def step(x: np.ndarray, direction: np.ndarray) -> Dual:
    """`x` with an imaginary displacement along `direction`."""
    return np.asarray(_join(x, H * direction)).view(Dual)


def still(x: np.ndarray) -> Dual:
    """`x` without a displacement: casts to float32 must not touch the other parameters either."""
    return np.asarray(x, dtype=complex).view(Dual)


def read(result: Any) -> tuple[float, float]:
    """Value and directional derivative from what the function returned, or `Unsupported`."""
    if isinstance(result, float) and Dual.last_cast is not None and Dual.last_cast[0] == result:
        return result, Dual.last_cast[1] / H
    array = np.asarray(result)
    if array.size != 1 or array.dtype.kind != "c":
        raise Unsupported("the function returned no complex number")
    value = complex(array.item())
    return value.real, value.imag / H


def evaluate(
    function: Callable[[], Any], rounding: tuple[float, np.random.Generator] | None = None, ties: Ties | None = None
) -> tuple[float, float]:
    """Run `function`, which closes over `step` arrays. Raises `Unsupported` when a derivative would be lost."""
    Dual.last_cast, Dual.rounding, Dual.ties = None, rounding, ties
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            value, slope = read(function())
        except (Unsupported, Spent):
            raise
        except Exception as error:  # whatever user code or NumPy says to a complex number
            raise Unsupported(str(error)) from error
        finally:
            Dual.rounding = Dual.ties = None
    if not (math.isfinite(value) and math.isfinite(slope)):
        raise Unsupported("the complex value is not finite")
    return value, slope
