"""What a tape's functions are called in the derivative table, and their arguments in its form."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..tape import Template, paths

LOCAL_ROUNDINGS = 4.0  # c: roundings of one local product, the forward values' own included

IN_PLACE_OF: dict[Any, Any] = {
    operator.iadd: np.add,
    operator.isub: np.subtract,
    operator.imul: np.multiply,
    operator.itruediv: np.divide,
    operator.ipow: np.power,
    operator.imatmul: np.matmul,
    operator.ifloordiv: np.floor_divide,
    operator.imod: np.mod,
}

_UFUNC_OF: dict[Any, Any] = {
    operator.add: np.add,
    operator.sub: np.subtract,
    operator.mul: np.multiply,
    operator.truediv: np.divide,
    operator.floordiv: np.floor_divide,
    operator.mod: np.mod,
    operator.pow: np.power,
    operator.matmul: np.matmul,
    operator.neg: np.negative,
    operator.pos: np.positive,
    operator.invert: np.invert,
    operator.and_: np.bitwise_and,
    operator.or_: np.bitwise_or,
    operator.xor: np.bitwise_xor,
    operator.lt: np.less,
    operator.le: np.less_equal,
    operator.gt: np.greater,
    operator.ge: np.greater_equal,
    operator.eq: np.equal,
    operator.ne: np.not_equal,
}


def ufunc_of(fn: Any) -> Any:
    """The ufunc that an operator function stands for; anything else as it is."""
    return _UFUNC_OF.get(fn, fn)


def known_as(fn: Any) -> Any:
    """What the derivative table calls a recorded function: ufuncs' methods are (ufunc, name)."""
    owner = getattr(fn, "__self__", None)
    return (owner, fn.__name__) if isinstance(owner, np.ufunc) else ufunc_of(fn)


def arguments(template: Template, values: list[Any], wanted: list[int]) -> tuple[list[Any], dict[str, Any], list[Any]]:
    """Positional and keyword arguments (without ``out``), and the paths of the wanted operands."""
    if template.structure is None:
        return values, {}, [(i,) for i in wanted]
    args, kwargs = template.arguments(values)
    found = list(paths(template.structure))
    return args, {k: v for k, v in kwargs.items() if k != "out"}, [found[i][1:] for i in wanted]


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which a value of ``shape`` was broadcast."""
    g = np.asarray(g)
    extra = g.ndim - len(shape)
    if extra > 0:
        g = g.sum(axis=tuple(range(extra)))
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and i < g.ndim and g.shape[i] != 1)
    return g.sum(axis=axes, keepdims=True) if axes else g
