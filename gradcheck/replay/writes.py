"""In-place writes, backwards: each takes the adjoint of its region away and gives it to what was written."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops
from ..tape import Template, paths
from .functions import IN_PLACE_OF, LOCAL_ROUNDINGS, arguments

if TYPE_CHECKING:
    from .adjoint import Reverse, Sweep


def undo(reverse: Reverse, out: Sweep, number: int, template: Template, dest: int) -> None:
    """Sweep over one entry that writes."""
    codes = list(reverse.tape.entry(number)[1])
    kind = template.kind
    if kind == "set":
        reverse.take(out, dest)
    elif kind == "store":
        reverse.give_broadcast(out, codes[1], *reverse.take(out, dest))
    elif kind == "inplace":
        _inplace(reverse, out, number, template, codes)
    else:
        _call(reverse, out, number, template, codes)


def _inplace(reverse: Reverse, out: Sweep, number: int, template: Template, codes: list[int]) -> None:
    fn = IN_PLACE_OF.get(template.fn)
    if fn is np.add or fn is np.subtract:
        g = reverse.read(out.adjoints, codes[0])
        bound = reverse.read(out.bounds, codes[0]) + np.abs(g) * LOCAL_ROUNDINGS if reverse.bounded else None
        reverse.give_broadcast(out, codes[1], g if fn is np.add else -g, bound)
        return
    g, bound = reverse.take(out, codes[0])
    if fn is None:
        reverse.block(out, number, "an in-place bit operation")
        return
    values, _ = reverse.recording.operands(number)
    result = fn(values[0], values[1])
    wanted = [i for i, c in enumerate(codes) if i == 0 or reverse.wants(c)]
    if bound is not None:
        bound = bound + LOCAL_ROUNDINGS * np.abs(g)
    reverse.pull(out, number, fn, template, codes, values, result, wanted, g, bound)


def _call(reverse: Reverse, out: Sweep, number: int, template: Template, codes: list[int]) -> None:
    """Functions that write one of their operands."""
    fn = template.fn
    dest = codes[template.writes[0]]
    values, _ = reverse.recording.operands(number)
    if fn is operator.setitem:
        _set_item(reverse, out, template, codes, values)
    elif getattr(fn, "__name__", "") == "at" and fn.__self__ in (np.add, np.subtract):  # type: ignore[union-attr]
        g = reverse.read(out.adjoints, dest)
        bound = reverse.read(out.bounds, dest) if reverse.bounded else None
        sign = 1.0 if fn.__self__ is np.add else -1.0  # type: ignore[union-attr]
        index = _argument(template, values, 1)
        reverse.give_broadcast(out, codes[-1], sign * g[index], None if bound is None else bound[index])
    elif fn in (np.copyto, np.ndarray.fill) and len(codes) == 2:
        reverse.give_broadcast(out, codes[1], *reverse.take(out, dest))
    elif fn is np.copyto:
        _copy_where(reverse, out, template, codes, values)
    elif fn is np.fill_diagonal:
        _fill_diagonal(reverse, out, number, template, codes, values)
    elif isinstance(fn, np.ufunc) or template.structure is not None and _has_out(template):
        _with_out(reverse, out, number, template, codes, values)
    else:
        reverse.take(out, dest)
        reverse.block(out, number, f"{ops.name_of(fn)} writes in place and is not followed")


def _fill_diagonal(
    reverse: Reverse, out: Sweep, number: int, template: Template, codes: list[int], values: list[Any]
) -> None:
    """``np.fill_diagonal(dest, number)``."""
    written = np.zeros(values[0].shape, bool)
    np.fill_diagonal(written, True, *arguments(template, values, [])[0][2:])
    g = float(np.sum(reverse.read(out.adjoints, codes[0])[written]))
    bound = float(np.sum(reverse.read(out.bounds, codes[0])[written])) + abs(g) if reverse.bounded else None
    reverse.clear(out, codes[0], written)
    if len(codes) > 1 and np.ndim(values[1]) == 0:
        reverse.give_broadcast(out, codes[1], np.asarray(g), None if bound is None else np.asarray(bound))
    elif any(reverse.wants(code) for code in codes[1:]):
        reverse.block(out, number, "what numpy.fill_diagonal writes from an array is not followed")


def _set_item(reverse: Reverse, out: Sweep, template: Template, codes: list[int], values: list[Any]) -> None:
    """``dest[index] = value``: of several values for one place the last one counts."""
    index = _argument(template, values, 1)
    positions = np.full(values[0].shape, -1)
    region = positions[index]
    positions[index] = np.arange(region.size).reshape(region.shape)
    written = positions >= 0

    def part(store: Any) -> Any:
        found = np.zeros(region.size)
        found[positions[written]] = reverse.read(store, codes[0])[written]
        return found.reshape(region.shape)

    g, bound = part(out.adjoints), part(out.bounds) if reverse.bounded else None
    reverse.clear(out, codes[0], written)
    if template.structure is None or _last_is_operand(template):
        reverse.give_broadcast(out, codes[-1], g, bound)


def _copy_where(reverse: Reverse, out: Sweep, template: Template, codes: list[int], values: list[Any]) -> None:
    """``np.copyto(dest, value, where=mask)``."""
    args, kwargs, _ = arguments(template, values, [])
    named = dict(zip(("dst", "src", "casting", "where"), args, strict=False)) | kwargs
    g = reverse.read(out.adjoints, codes[0])
    mask = np.broadcast_to(named.get("where", True), g.shape)
    bound = np.where(mask, reverse.read(out.bounds, codes[0]), 0.0) if reverse.bounded else None
    reverse.clear(out, codes[0], mask)
    reverse.give_broadcast(out, codes[1], np.where(mask, g, 0.0), bound)


def _with_out(
    reverse: Reverse, out: Sweep, number: int, template: Template, codes: list[int], values: list[Any]
) -> None:
    """``fn(..., out=dest)``: as ``dest[...] = fn(...)``. dest may be an operand too; ``where`` leaves a part alone."""
    dest = codes[template.writes[-1]]
    places = list(paths(template.structure))
    wanted = [i for i, code in enumerate(codes) if reverse.wants(code) and places[i][:2] != (1, "out")]
    args, kwargs, _ = arguments(template, values, [])
    mask = kwargs.get("where", True) if isinstance(template.fn, np.ufunc) else True
    if mask is True:
        g, bound = reverse.take(out, dest)
        result = template.fn(*args, **kwargs)  # type: ignore[misc]
    else:
        g = reverse.read(out.adjoints, dest)
        mask = np.broadcast_to(mask, g.shape)
        g, bound = g * mask, reverse.read(out.bounds, dest) * mask if reverse.bounded else None
        reverse.clear(out, dest, mask)
        result = template.fn(*args, **kwargs, out=np.zeros(g.shape))  # type: ignore[misc]
    if bound is not None:
        bound = bound + LOCAL_ROUNDINGS * np.abs(g)
    reverse.pull(out, number, template.fn, template, codes, values, result, wanted, g, bound)


def _argument(template: Template, values: list[Any], position: int) -> Any:
    return arguments(template, values, [])[0][position]


def _last_is_operand(template: Template) -> bool:
    """Whether the last positional argument is one operand, not a list."""
    return list(paths(template.structure))[-1][1:] == (2,)


def _has_out(template: Template) -> bool:
    return any(p[0] == 1 and p[1] == "out" for p in paths(template.structure))
