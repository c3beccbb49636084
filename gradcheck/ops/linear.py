"""Functions that are linear in each operand: products, contractions, convolutions.

An entry gives the cotangent of operand ``i`` from ``g`` and the operands. A magnitude is the same formula with the
absolute values of the other operands. Everything but matmul, dot and convolutions is a sum over labelled axes and goes
through `contraction`: labels are integers, one list an operand, as in numpy.einsum's sublist form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from .elementwise import elementwise
from .table import Array, Call, Gradient, Path, Rule, as_float, part, register, register_quick, unbroadcast

Adjoint: TypeAlias = Callable[[Call, Any, list[Array], int], Any]
Labels: TypeAlias = list[int]
_SMALL = 4096


def multilinear(names: str, adjoint: Adjoint, parameters: Sequence[str] = ("a", "b"), linear: bool = False) -> None:
    """Enter functions with ``adjoint(call, g, operands, i)``, the cotangent of operand ``i``."""

    def rule(call: Call) -> list[Gradient]:
        count = sum(1 for name in parameters if name in call.kwargs)
        operands = [*call.args[: len(parameters) - count], *(call.kwargs[n] for n in parameters if n in call.kwargs)]
        return solve(call, adjoint, [as_float(a) for a in operands], parameters)

    register(names, Rule(rule, linear=linear, multilinear=True))


def solve(call: Call, adjoint: Adjoint, operands: list[Array], parameters: Sequence[str] = ()) -> list[Gradient]:
    """The cotangents of the wanted operands, in magnitude if asked."""
    found: dict[int, Gradient] = {}
    answer = []
    for path in call.wanted:
        i = parameters.index(path[0]) if isinstance(path[0], str) else path[0]
        if i not in found:
            others = [np.abs(a) if call.magnitude and j != i else a for j, a in enumerate(operands)]
            found[i] = np.reshape(adjoint(call, as_float(call.g), others, i), operands[i].shape)
        answer.append(part(found[i], path))
    return answer


elementwise("multiply", lambda out, x, y: y, lambda out, x, y: x, multilinear=True)

# ----- matrix products -----


def _matmul(call: Call, g: Array, operands: list[Array], i: int) -> Any:
    x, y = operands
    if x.ndim == 1 and y.ndim == 1:
        return g * operands[1 - i]
    if i == 0:
        return _left(g, x, y)
    return _right(g, x, y)


def _left(g: Array, x: Array, y: Array) -> Any:
    if y.ndim == 1:
        return unbroadcast(g[..., None] * y, x.shape)
    if x.ndim == 1:
        return unbroadcast((g[..., None, :] @ y.swapaxes(-1, -2))[..., 0, :], x.shape)
    return unbroadcast(g @ y.swapaxes(-1, -2), x.shape)


def _right(g: Array, x: Array, y: Array) -> Any:
    if x.ndim == 1:
        return unbroadcast(x[:, None] * g[..., None, :], y.shape)
    if y.ndim == 1:
        return g.reshape(-1) @ x.reshape(g.size, x.shape[-1])
    if y.ndim == 2:
        rows = math.prod(x.shape[:-1])
        return x.reshape(rows, x.shape[-1]).T @ g.reshape(rows, g.shape[-1])
    return unbroadcast(x.swapaxes(-1, -2) @ g, y.shape)


def _dot(call: Call, g: Array, operands: list[Array], i: int) -> Any:
    x, y = operands
    if x.ndim == 0 or y.ndim == 0:
        return unbroadcast(g * operands[1 - i], operands[i].shape)
    if y.ndim <= 2:
        return _matmul(call, g, operands, i)
    return _tensordot_axes(g, operands, i, [x.ndim - 1], [y.ndim - 2])


def _vecdot(call: Call, g: Array, operands: list[Array], i: int) -> Any:
    return unbroadcast(g[..., None] * operands[1 - i], operands[i].shape)


multilinear("matmul linalg.matmul", _matmul, ("x1", "x2"))
multilinear("vecdot linalg.vecdot", _vecdot, ("x1", "x2"))
multilinear("dot ndarray.dot", _dot)

# ----- sums over labelled axes -----


def contraction(g: Array, operands: Sequence[Array], labels: Sequence[Labels], result: Labels, i: int) -> Array:
    """The cotangent of operand ``i`` of ``einsum(operands, labels -> result)``.

    Labels may repeat within an operand (a diagonal), be absent from the result (a sum) or meet axes of length 1.
    """
    size = {n: max(a.shape[k] for a, ls in zip(operands, labels, strict=True) for k, m in enumerate(ls) if m == n)
            for ls in labels for n in ls}  # fmt: skip
    others = [_drop_ones(g, result, size)]
    others += [_drop_ones(a, ls, size) for j, (a, ls) in enumerate(zip(operands, labels, strict=True)) if j != i]
    present = {n for _, ls in others for n in ls}
    shape, own = operands[i].shape, labels[i]
    full = [n for k, n in enumerate(own) if n not in own[:k] and shape[k] == size[n]]
    kept = [n for n in full if n in present]
    arguments = [item for a, ls in others for item in (a, ls)]
    large = sum(a.size for a, _ in others) > _SMALL
    gradient = np.einsum(*arguments, kept, optimize=bool(large))
    repeats = float(np.prod([n for m, n in size.items() if m not in present and m not in full] or [1]))
    return _place(np.asarray(gradient) * repeats if repeats != 1.0 else gradient, kept, full, size, own, shape)


def _drop_ones(a: Array, labels: Labels, size: dict[int, int]) -> tuple[Array, Labels]:
    """Take away axes of length 1 that stand for a longer one."""
    keep = [a.shape[k] == size[n] for k, n in enumerate(labels)]
    index = tuple(slice(None) if k else 0 for k in keep)
    return a[index], [n for n, k in zip(labels, keep, strict=True) if k]


def _place(
    gradient: Array, kept: Labels, full: Labels, size: dict[int, int], own: Labels, shape: tuple[int, ...]
) -> Array:
    """Put a cotangent over the distinct labels into the operand's shape: summed axes, diagonals, axes of length 1."""
    index = tuple(slice(None) if n in kept else None for n in full)
    gradient = np.broadcast_to(gradient[index], [size[n] for n in full])
    if len(full) == len(own):
        return gradient
    into = np.zeros(shape)
    positions = np.ix_(*(np.arange(size[n]) for n in full))
    where = tuple(positions[full.index(n)] if n in full else 0 for n in own)
    into[where] = gradient
    return into


def _einsum(call: Call) -> list[Gradient]:
    operands, labels, result, index_of = parse_einsum(call.args)

    def adjoint(_: Call, g: Array, arrays: list[Array], i: int) -> Any:
        return contraction(g, arrays, labels, result, i)

    inner = Call(call.fn, call.g, call.out, call.args, {}, [_shift(p, index_of) for p in call.wanted], call.magnitude)
    return solve(inner, adjoint, operands)


def _shift(path: Path, index_of: dict[int, int]) -> Path:
    return (index_of[path[0]], *path[1:])


def parse_einsum(args: Sequence[Any]) -> tuple[list[Array], list[Labels], Labels, dict[int, int]]:
    """Operands, their labels, the result's labels, and the operand number of each argument index."""
    if isinstance(args[0], str):
        left, arrow, right = args[0].replace(" ", "").partition("->")
        terms = [_letters(t) for t in left.split(",")]
        raw, index_of = list(args[1:]), {k + 1: k for k in range(len(terms))}
        target = _letters(right) if arrow else None
    else:
        pairs = len(args) // 2
        raw, terms = [args[2 * k] for k in range(pairs)], [list(args[2 * k + 1]) for k in range(pairs)]
        index_of = {2 * k: k for k in range(pairs)}
        target = list(args[-1]) if len(args) % 2 else None
    operands = [as_float(a) for a in raw]
    if target is None:
        flat = [n for t in terms for n in t if n is not Ellipsis]
        target = [..., *sorted(n for n in set(flat) if flat.count(n) == 1)]
    return operands, *_without_ellipsis(operands, terms, target), index_of


def _letters(term: str) -> list[Any]:
    return [... if c == "." else ord(c) for c in term.replace("...", ".")]


def _without_ellipsis(operands: list[Array], terms: list[list[Any]], target: list[Any]) -> tuple[list[Labels], Labels]:
    """Give the axes of an ellipsis labels of their own (negative, counted from the right); all labels from 0."""
    extra = [a.ndim - len(t) + 1 if Ellipsis in t else 0 for a, t in zip(operands, terms, strict=True)]
    widened = [_widen(t, n) for t, n in zip(terms, extra, strict=True)]
    result = _widen(target, max(extra, default=0))
    names = {n: k for k, n in enumerate(dict.fromkeys(n for t in widened for n in t))}
    return [[names[n] for n in t] for t in widened], [names[n] for n in result]


def _widen(term: list[Any], count: int) -> list[Any]:
    at = term.index(Ellipsis) if Ellipsis in term else len(term)
    return [*term[:at], *range(-count, 0), *term[at + 1 :]] if Ellipsis in term else term


register("einsum", Rule(_einsum, multilinear=True))


def _tensordot_axes(g: Array, operands: list[Array], i: int, left: Labels, right: Labels) -> Any:
    x, y = operands
    labels = [list(range(x.ndim)), list(range(x.ndim, x.ndim + y.ndim))]
    for j, k in zip(left, right, strict=True):
        labels[1][k] = labels[0][j]
    shared = {labels[0][j] for j in left}
    result = [n for n in (*labels[0], *labels[1]) if n not in shared]
    return contraction(g, operands, labels, result, i)


def _tensordot(call: Call, g: Array, operands: list[Array], i: int) -> Any:
    axes: Any = call.args[2] if len(call.args) > 2 else call.kwargs.get("axes", 2)
    x, y = operands
    if isinstance(axes, int | np.integer):
        axes = (list(range(x.ndim - int(axes), x.ndim)), list(range(int(axes))))
    left, right = (np.atleast_1d(a).tolist() for a in axes)
    return _tensordot_axes(g, operands, i, [a % x.ndim for a in left], [a % y.ndim for a in right])


def _inner(call: Call, g: Array, operands: list[Array], i: int) -> Any:
    if operands[0].ndim == 0 or operands[1].ndim == 0:
        return _dot(call, g, operands, i)
    return _tensordot_axes(g, operands, i, [operands[0].ndim - 1], [operands[1].ndim - 1])


def _outer(call: Call, g: Array, operands: list[Array], i: int) -> Any:
    return g @ operands[1].ravel() if i == 0 else operands[0].ravel() @ g


def _kron(call: Call, g: Array, operands: list[Array], i: int) -> Any:
    rank = max(a.ndim for a in operands)
    x, y = (a.reshape((1,) * (rank - a.ndim) + a.shape) for a in operands)
    labels = [list(range(0, 2 * rank, 2)), list(range(1, 2 * rank, 2))]
    split = [n for pair in zip(x.shape, y.shape, strict=True) for n in pair]
    return contraction(g.reshape(split), [x, y], labels, list(range(2 * rank)), i)


multilinear("tensordot linalg.tensordot", _tensordot)
multilinear("inner", _inner)
multilinear("vdot", lambda call, g, operands, i: g * operands[1 - i].ravel())
multilinear("outer linalg.outer", _outer)
multilinear("kron", _kron)

_LEVI_CIVITA = np.zeros((3, 3, 3))
for _i in range(3):
    _LEVI_CIVITA[_i, (_i + 1) % 3, (_i + 2) % 3] = 1.0
    _LEVI_CIVITA[_i, (_i + 2) % 3, (_i + 1) % 3] = -1.0


def _cross(call: Call, g: Array, operands: list[Array], i: int) -> Any:
    given = dict(zip(("axisa", "axisb", "axisc", "axis"), call.args[2:], strict=False)) | dict(call.kwargs)
    axis = given.get("axis")
    where = [axis if axis is not None else given.get(name, -1) for name in ("axisa", "axisb", "axisc")]
    x, y = (_three(np.moveaxis(a, k, -1)) for a, k in zip(operands, where, strict=False))
    flat = operands[0].shape[where[0]] == operands[1].shape[where[1]] == 2
    last = g[..., None] * np.array([0.0, 0.0, 1.0]) if flat else np.moveaxis(g, where[2], -1)
    signs = np.abs(_LEVI_CIVITA) if call.magnitude else _LEVI_CIVITA
    spec = "kij,...j,...k->...i" if i == 0 else "kij,...i,...k->...j"
    gradient = np.einsum(spec, signs, (x, y)[1 - i], last)
    count = operands[i].shape[where[i]]
    shape = np.moveaxis(operands[i], where[i], -1).shape
    return np.moveaxis(unbroadcast(gradient[..., :count], shape), -1, where[i])


def _three(a: Array) -> Array:
    return a if a.shape[-1] == 3 else np.concatenate([a, np.zeros((*a.shape[:-1], 1))], axis=-1)


multilinear("cross linalg.cross", _cross)

# ----- sliding products -----


def _widen_to_full(call: Call, g: Array, operands: list[Array], default: str, swaps: bool) -> Array:
    """The cotangent of the full product, of which NumPy's modes cut a piece."""
    mode: Any = call.args[2] if len(call.args) > 2 else call.kwargs.get("mode", default)
    n, m = (a.size for a in operands)
    short, total = min(n, m), n + m - 1
    name = {0: "v", 1: "s", 2: "f"}.get(mode, str(mode)[0])
    start = {"f": 0, "s": (short - 1) // 2, "v": short - 1}[name]
    if swaps and n < m:
        start = total - g.size - start
    full = np.zeros(total)
    full[start : start + g.size] = g
    return full


def _convolve(call: Call, g: Array, operands: list[Array], i: int) -> Any:
    full = _widen_to_full(call, g, operands, "full", swaps=False)
    return np.lib.stride_tricks.sliding_window_view(full, operands[1 - i].size) @ operands[1 - i].ravel()


def _correlate(call: Call, g: Array, operands: list[Array], i: int) -> Any:
    full = _widen_to_full(call, g, operands, "valid", swaps=True)
    turned = [operands[0].ravel(), operands[1].ravel()[::-1]]
    gradient = np.lib.stride_tricks.sliding_window_view(full, turned[1 - i].size) @ turned[1 - i]
    return gradient if i == 0 else gradient[::-1]


multilinear("convolve", _convolve, ("a", "v"))
multilinear("correlate", _correlate, ("a", "v"))


def _multi_dot(call: Call) -> list[Gradient]:
    factors = [as_float(a) for a in call.args[0]]
    wide = [factors[0].reshape(-1, factors[0].shape[-1]), *factors[1:]]
    wide[-1] = wide[-1].reshape(wide[-1].shape[0], -1)
    g = as_float(call.g).reshape(wide[0].shape[0], wide[-1].shape[1])
    sized = [np.abs(a) for a in wide] if call.magnitude else wide
    answer: list[Gradient] = []
    for path in call.wanted:
        gradient = g
        for a in sized[: path[1]]:
            gradient = a.T @ gradient
        for a in reversed(sized[path[1] + 1 :]):
            gradient = gradient @ a.T
        answer.append(part(gradient.reshape(factors[path[1]].shape), (0, *path[2:])))
    return answer


register("linalg.multi_dot", Rule(_multi_dot, multilinear=True))


def _quick_dot(g: Any, out: Any, args: Any, wanted: Any, magnitude: bool) -> list[Gradient] | None:
    x, y = args[0], args[1]
    if not (isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and x.dtype.char == y.dtype.char == "d"):
        return None
    if x.ndim != 1 or y.ndim != 1:
        return None
    return [g * (np.abs(args[1 - path[0]]) if magnitude else args[1 - path[0]]) for path in wanted]


register_quick("dot matmul ndarray.dot", _quick_dot)
