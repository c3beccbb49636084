"""Subscripts: ``operator.getitem`` with basic, boolean and integer-array indices, and on lists, tuples and dicts."""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import SCALARS, Array, Call, Gradient, Path, Rule, leaf, part, register, register_quick

_PLAIN = frozenset({int, slice, type(None), type(Ellipsis), np.int64, np.int32, np.intp})


def is_basic(index: Any) -> bool:
    """Whether NumPy answers this index with a view or a scalar, so that no element is read twice."""
    if index.__class__ in _PLAIN:
        return True
    if isinstance(index, tuple):
        return all(i.__class__ in _PLAIN or _is_integer(i) for i in index)
    return _is_integer(index)


def _is_integer(index: Any) -> bool:
    return isinstance(index, int | np.integer | slice) and not isinstance(index, bool)


def scatter_add(adjoint: Array, index: Any, g: Any) -> None:
    """``adjoint[index] += g`` in place, with elements that an index reads more than once counted each time."""
    if is_basic(index) or (isinstance(index, np.ndarray) and index.dtype.kind == "b"):
        adjoint[index] += g
    else:
        np.add.at(adjoint, index, g)


def _getitem(call: Call) -> list[Gradient]:
    operand, index = call.args[0], call.args[1]
    if not isinstance(operand, np.ndarray | np.generic):
        return [_from_container(call, path) for path in call.wanted]
    return [_gathered(operand, index, call.g) if path == (0,) else None for path in call.wanted]


def _gathered(operand: Any, index: Any, g: Any) -> Array:
    if is_basic(index) or (isinstance(index, np.ndarray) and index.dtype.kind == "b"):
        gradient = np.zeros(operand.shape)
        gradient[index] = g
        return gradient
    numbers = np.arange(operand.size).reshape(operand.shape)[index]
    weights = np.asarray(g, dtype=float).ravel()
    return np.bincount(numbers.ravel(), weights=weights, minlength=operand.size).reshape(operand.shape)


def _from_container(call: Call, path: Path) -> Gradient:
    """A piece of a list, tuple or dict: the cotangent itself where it was taken, else zeros."""
    container, index = call.args[0], call.args[1]
    if path[0] != 0 or len(path) < 2:
        raise call.refuse("a path to a container, not to an element of it")
    shape = np.shape(leaf(call, path))
    if isinstance(index, slice):
        taken = range(len(container))[index]
        g = call.g[taken.index(path[1])] if path[1] in taken else None
    else:
        chosen = range(len(container))[index] if isinstance(container, list | tuple) else index
        g = call.g if path[1] == chosen else None
    for k in path[2:]:
        g = None if g is None else g[k]
    return (np.zeros(shape) if shape else 0.0) if g is None else g


def _quick_getitem(g: Any, out: Any, args: Any, wanted: Any, magnitude: bool) -> list[Gradient] | None:
    operand = args[0]
    if operand.__class__ is not np.ndarray or operand.dtype.char != "d" or len(wanted) != 1 or wanted[0] != (0,):
        return None
    gradient = np.zeros(operand.shape)
    if out.__class__ not in SCALARS or not is_basic(args[1]):
        return None
    gradient[args[1]] = g
    return [gradient]


register("operator.getitem ndarray.__getitem__", Rule(_getitem, linear=True))
register_quick("operator.getitem", _quick_getitem)


def _bincount(call: Call) -> list[Gradient]:
    """Each weight is added to the entry that its number names: the cotangent of that entry comes back."""
    numbers = np.asarray(call.args[0])
    return [
        part(np.asarray(call.g, float)[numbers], path) if path[0] in (1, "weights") else None for path in call.wanted
    ]


register("bincount", Rule(_bincount, linear=True))
