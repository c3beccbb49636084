"""Functions that only move elements, by one rule: run the same function on element numbers.

Every wanted operand is replaced by numbers 1, 2, 3, ...; the other operands by zeros (a constant). What comes out says
where each element of the result came from, and a bincount carries the cotangent back. Selectors keep their real values.
The functions that are called most have short cuts below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .table import Array, Call, Gradient, Path, Rule, leaf, part, register

Data = frozenset[Any]


def moving(names: str, *data: int | str, check: Callable[[Call], None] | None = None) -> None:
    """Enter functions that only move elements. ``data`` are the arguments (index, keyword) that hold elements."""
    places = frozenset(data)

    def rule(call: Call) -> list[Gradient]:
        if check:
            check(call)
        return trace(call, places)

    register(names, Rule(rule, linear=True))


def trace(call: Call, data: Data) -> list[Gradient]:
    """The cotangents by element numbers; ``data`` holds argument positions and keywords."""
    numbering = _Numbering(call.wanted)
    everything = "*" in data
    args = [numbering.number(a, (k,)) if everything or k in data else a for k, a in enumerate(call.args)]
    kwargs = {k: numbering.number(a, (k,)) if k in data else a for k, a in call.kwargs.items() if k != "dtype"}
    numbers, weights = _flatten(call.fn(*args, **kwargs), call.g)
    total = np.bincount(numbers, weights=weights, minlength=numbering.used + 1)
    return [numbering.read(total, path) for path in call.wanted]


class _Numbering:
    """Gives the elements of the wanted operands consecutive numbers from 1."""

    def __init__(self, wanted: Any) -> None:
        self.wanted = set(wanted)
        self.used = 0
        self.start: dict[Path, tuple[int, tuple[int, ...]]] = {}

    def number(self, value: Any, path: Path) -> Any:
        if path in self.wanted:
            return self._numbers(value, path)
        if isinstance(value, list | tuple):
            return type(value)(self.number(v, (*path, k)) for k, v in enumerate(value))
        return np.zeros_like(value, dtype=np.intp) if isinstance(value, np.ndarray) else 0

    def _numbers(self, value: Any, path: Path) -> Any:
        self.start[path] = (self.used + 1, np.shape(value))
        size = int(np.prod(np.shape(value)))
        numbers = np.arange(self.used + 1, self.used + 1 + size).reshape(np.shape(value))
        self.used += size
        return numbers if isinstance(value, np.ndarray | list | tuple) else int(numbers)

    def read(self, total: Array, path: Path) -> Gradient:
        if path not in self.start:
            return None
        start, shape = self.start[path]
        size = int(np.prod(shape))
        return total[start : start + size].reshape(shape) if shape else float(total[start])


def _flatten(numbers: Any, g: Any) -> tuple[Array, Array]:
    if isinstance(numbers, list | tuple) and g is not None:
        pieces = [_flatten(n, p) for n, p in zip(numbers, g, strict=True)]
        return np.concatenate([p[0] for p in pieces]), np.concatenate([p[1] for p in pieces])
    flat = np.zeros(0, np.intp) if g is None else np.asarray(numbers).ravel().astype(np.intp, copy=False)
    return flat, np.zeros(0) if g is None else np.asarray(g, dtype=float).ravel()


# ----- joining, cutting, repeating -----

moving("append", 0, 1, "arr", "values")
moving("vstack hstack column_stack dstack row_stack", 0, "tup")
moving("block", 0, "arrays")
moving("split array_split", 0, "ary")
moving("hsplit vsplit dsplit", 0, "ary")
moving("unstack", 0, "x")
moving("tile", 0, "A")
moving("repeat ndarray.repeat", 0, "a")
moving("insert", 0, 2, "arr", "values")
moving("delete", 0, "arr")
moving("resize", 0, "a")
moving("broadcast_to", 0, "array")
moving("broadcast_arrays meshgrid", "*")
moving("full full_like", 1, "fill_value")

# ----- choosing -----

moving("choose ndarray.choose", 1, "choices")
moving("select", 1, 2, "choicelist", "default")
moving("take take_along_axis ndarray.take", 0, "a", "arr")
moving("compress extract", 1, "a", "arr")
moving("ndarray.compress ndarray.diagonal ndarray.tolist ndarray.item", 0)
moving("tril triu", 0, "m")
moving("diag diagflat", 0, "v")
moving("diagonal", 0, "a")

# ----- turning -----

moving("flip fliplr flipud rot90", 0, "m")
moving("roll", 0, "a")
moving("lib.stride_tricks.sliding_window_view", 0, "x")

_PAD_MODES = ("constant", "edge", "reflect", "symmetric", "wrap", "empty")


def _pad_mode(call: Call) -> None:
    mode = call.args[2] if len(call.args) > 2 else call.kwargs.get("mode", "constant")
    if mode not in _PAD_MODES or call.kwargs.get("reflect_type", "even") != "even":
        raise call.refuse(f"mode {mode!r} computes values")


moving("pad", 0, "array", "constant_values", check=_pad_mode)

# ----- same elements in the same order -----


def _same_order(call: Call) -> list[Gradient]:
    order = call.kwargs.get("order", next((a for a in call.args[1:] if isinstance(a, str)), "C"))
    if order not in ("C", None) and call.fn not in _LAYOUT_ONLY:
        return _reordered(call)
    shape = np.shape(call.args[0]) if call.args else np.shape(next(iter(call.kwargs.values())))
    gradient = np.reshape(call.g, shape) if shape else float(np.asarray(call.g).reshape(()))
    return [part(gradient, path) for path in call.wanted]


def _reordered(call: Call) -> list[Gradient]:
    """Other orders than C: "A" and "K" look at the memory, so the numbers get the operand's strides."""
    operand = np.asarray(call.args[0])
    numbers = _laid_out_like(operand)
    numbers[...] = np.arange(operand.size).reshape(operand.shape)
    moved = np.ravel(call.fn(numbers, *call.args[1:], **call.kwargs))
    gradient = np.zeros(operand.size)
    gradient[moved] = np.ravel(call.g)
    return [part(gradient.reshape(operand.shape), path) for path in call.wanted]


def _laid_out_like(operand: Array) -> Array:
    steps = [s // operand.itemsize for s in operand.strides]
    if operand.flags.c_contiguous or any(s == 0 for s in steps) or not operand.size:
        return np.empty(operand.shape, np.intp)
    reach = [s * (n - 1) for s, n in zip(steps, operand.shape, strict=True)]
    first = -sum(r for r in reach if r < 0)
    memory = np.empty(first + 1 + sum(r for r in reach if r > 0), np.intp)
    return np.lib.stride_tricks.as_strided(memory[first:], operand.shape, [s * memory.itemsize for s in steps])


def _same_order_each(call: Call) -> list[Gradient]:
    return _same_order(call) if len(call.args) == 1 else trace(call, frozenset("*"))


_LAYOUT_ONLY = frozenset({np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.copy,
                          np.ndarray.copy, np.ndarray.astype, np.require})  # fmt: skip

register("array asarray asanyarray ascontiguousarray asfortranarray copy require asarray_chkfinite astype "
         "ndarray.copy ndarray.__copy__ ndarray.__deepcopy__ ndarray.astype ndarray.view ndarray.__float__ "
         "builtins.float float64 float32 float16 longdouble", Rule(_same_order, linear=True))  # fmt: skip
register("reshape ravel squeeze expand_dims ndarray.reshape ndarray.ravel ndarray.flatten ndarray.squeeze",
         Rule(_same_order, linear=True))  # fmt: skip
register("atleast_1d atleast_2d atleast_3d", Rule(_same_order_each, linear=True))

# ----- permuted axes -----


def _permuted(call: Call) -> list[Gradient]:
    operand = call.args[0] if call.args else next(iter(call.kwargs.values()))
    # An empty array whose axes all have different lengths shows the permutation by its shape.
    rest = dict(list(call.kwargs.items())[0 if call.args else 1 :])
    order = call.fn(np.empty(range(np.ndim(operand))), *call.args[1:], **rest).shape
    gradient = np.asarray(call.g).transpose(np.argsort(order))
    return [part(gradient, path) for path in call.wanted]


register("transpose swapaxes moveaxis rollaxis matrix_transpose linalg.matrix_transpose "
         "ndarray.transpose ndarray.swapaxes", Rule(_permuted, linear=True))  # fmt: skip

# ----- concatenation: slices of the cotangent -----


def _concatenate(call: Call) -> list[Gradient]:
    axis = call.args[1] if len(call.args) > 1 else call.kwargs.get("axis", 0)
    pieces = call.args[0] if call.args else ()
    if axis is None or not isinstance(pieces, list | tuple) or any(len(p) != 2 for p in call.wanted):
        return trace(call, frozenset({0, "arrays"}))
    g = np.asarray(call.g)
    axis %= g.ndim
    ends = np.cumsum([np.shape(p)[axis] for p in pieces])
    return [_slab(g, axis, ends, path[1], np.shape(leaf(call, path))) for path in call.wanted]


def _slab(g: Array, axis: int, ends: Array, k: int, shape: tuple[int, ...]) -> Array:
    start = int(ends[k]) - shape[axis]
    return g[(slice(None),) * axis + (slice(start, int(ends[k])),)]


def _stack(call: Call) -> list[Gradient]:
    axis = call.args[1] if len(call.args) > 1 else call.kwargs.get("axis", 0)
    if not call.args:
        return trace(call, frozenset({"arrays"}))
    g = np.moveaxis(np.asarray(call.g), axis, 0)
    return [part(g, path) for path in call.wanted]


register("concatenate", Rule(_concatenate, linear=True))
register("stack", Rule(_stack, linear=True))

# ----- rearranged by value -----


def _sorted(call: Call) -> list[Gradient]:
    """The order of the operand and of the result, both by value, say what went where (sort and partition alike)."""
    x, out = np.asarray(call.args[0]), np.asarray(call.out)
    axis = call.kwargs.get("axis", call.args[_AXIS_OF[call.fn]] if len(call.args) > _AXIS_OF[call.fn] else -1)
    if axis is None:
        x, axis = x.ravel(), 0
    source, target = (np.argsort(a, axis=axis, kind="stable") for a in (x, out))
    gradient = np.empty(x.shape)
    np.put_along_axis(gradient, source, np.take_along_axis(np.asarray(call.g), target, axis), axis)
    gradient = gradient.reshape(np.shape(call.args[0]))
    return [part(gradient, path) for path in call.wanted]


def _sorted_tie(call: Call) -> Any:
    out = np.asarray(call.out)
    ordered = np.sort(out, axis=call.kwargs.get("axis", -1) if out.ndim > 1 else -1)
    return np.any(ordered[..., 1:] == ordered[..., :-1])


_AXIS_OF = {np.sort: 1, np.partition: 2}
register("sort partition", Rule(_sorted, _sorted_tie, linear=False))

# ----- strided windows -----


def addresses(shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """The byte offset of every element."""
    offsets = np.zeros(shape, np.intp)
    for k, (n, stride) in enumerate(zip(shape, strides, strict=True)):
        offsets += (np.arange(n) * stride).reshape([-1 if i == k else 1 for i in range(len(shape))])
    return offsets


def _as_strided(call: Call) -> list[Gradient]:
    x = np.asarray(call.args[0])
    given = dict(zip(("x", "shape", "strides"), call.args, strict=False)) | dict(call.kwargs)
    shape, strides = (getattr(x, k) if given.get(k) is None else given[k] for k in ("shape", "strides"))
    own = addresses(x.shape, x.strides).ravel()
    read = addresses(*(tuple(np.atleast_1d(np.asarray(v)).tolist()) for v in (shape, strides))).ravel()
    order = np.argsort(own, kind="stable")
    place = np.minimum(np.searchsorted(own[order], read), own.size - 1)
    if not np.array_equal(own[order][place], read):
        raise call.refuse("it reads outside the array it was given")
    gradient = np.bincount(order[place], weights=np.asarray(call.g, dtype=float).ravel(), minlength=x.size)
    return [part(gradient.reshape(x.shape), path) for path in call.wanted]


register("lib.stride_tricks.as_strided", Rule(_as_strided, linear=True))
