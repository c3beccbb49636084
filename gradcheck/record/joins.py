"""Updates of joined arrays: ``both = np.concatenate([a, b]); both = both - step; a = both[:n].copy()``.

The new value is followed back through elementwise entries, copies and reshapes of dense arrays to the join that holds
the old one, and the part of the joined array that is meant is carried along. What is cut out as a view is left alone:
several parameters would then lie in one storage.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..ops.arithmetic import SUMS
from ..tape import CONST, WHOLE, Structure, Tape, Template, rebuild

JOINS = frozenset((np.concatenate, np.hstack, np.vstack, np.append))
REFORMS = frozenset(
    (np.reshape, np.ravel, np.ndarray.reshape, np.ndarray.ravel, np.ndarray.flatten, np.squeeze, np.ndarray.squeeze)
)
MOST_LINKS = 12

Part = tuple[int, int, int]  # storage, first element, one past the last
Link = tuple[int, Part]  # an entry, and the part of its result that is meant


def joined_chain(tape: Tape, new: int, old: int) -> tuple[list[int], list[int]] | None:
    """Entries from ``new`` back to ``old`` with a join among them, and what enters them from outside."""
    goal, start = _part(tape, old), _part(tape, new)
    if goal is None or start is None or start != (start[0], 0, tape.storage_size(start[0])):
        return None
    queue: list[tuple[Part, tuple[Link, ...]]] = [(start, ())]
    seen = {start[0]}
    for part, behind in queue:
        entry = tape.storage_born[part[0]]
        if entry < 0 or len(queue) > MOST_LINKS:
            continue
        path = (*behind, (entry, part))
        for source in _sources(tape, entry, part):
            if source == goal:
                return _found(tape, path, old)
            if source[0] not in seen:
                seen.add(source[0])
                queue.append((source, path))
    return None


def _found(tape: Tape, path: tuple[Link, ...], old: int) -> tuple[list[int], list[int]] | None:
    fns = {tape.templates[tape.entry_template[e]].fn for e, _ in path}
    if not (fns & JOINS and fns & SUMS):
        return None
    return [e for e, _ in path], list(_outside(tape, path, old))


def _outside(tape: Tape, path: tuple[Link, ...], old: int) -> Iterator[int]:
    """What enters a path, cut to the part that the old value has there; a join brings in nothing."""
    inside = {tape.storage_of(old), *(part[0] for _, part in path)}
    for entry, part in path:
        template, inputs, _ = tape.entry(entry)
        for code in inputs if template.elementwise else ():
            if code & 3 != CONST and tape.storage_of(code) not in inside:
                yield _cut(tape, code, part, tape.shape_of(old))


def _cut(tape: Tape, code: int, part: Part, shape: tuple[int, ...]) -> int:
    """The part of an operand that lies beside a part of the result, in the shape of the old value."""
    own = _part(tape, code)
    if own is None or own[2] - own[1] != tape.storage_size(part[0]):
        return code
    strides = tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))
    return tape.view(own[0], own[1] + part[1], tape.layout(shape, strides, tape.dtype_of(own[0])))


def _part(tape: Tape, code: int) -> Part | None:
    """The elements of its storage that an operand is, where both lie in order and without gaps."""
    storage = tape.storage_of(code)
    if storage < 0 or tape.storage_layout[storage] < 0 or not _is_dense(tape.layouts[tape.storage_layout[storage]]):
        return None
    layout = tape.storage_layout[storage] if code & 3 == WHOLE else tape.views[code >> 2][2]
    if not _is_dense(tape.layouts[layout]):
        return None
    low, high = tape.span_of(code)
    return storage, low, high


def _is_dense(layout: tuple[tuple[int, ...], tuple[int, ...], Any]) -> bool:
    """Whether the elements of a layout lie in the order of C, without gaps."""
    step = 1
    for size, stride in zip(reversed(layout[0]), reversed(layout[1]), strict=True):
        if size != 1 and stride != step:
            return False
        step *= size
    return step > 0


def _sources(tape: Tape, entry: int, part: Part) -> Iterator[Part]:
    """Where a part of an entry's result comes from, element by element."""
    template, inputs, outputs = tape.entry(entry)
    whole = part[0] * 4 + WHOLE
    if len(outputs) != 1 or outputs[0] != whole or template.kind != "op" or template.several:
        return
    if template.fn in JOINS and template.structure is not None:
        yield from _piece(tape, template, list(inputs), part)
        return
    if not (template.elementwise or template.fn in REFORMS and _in_order(tape, inputs)):
        return
    size, shape = tape.storage_size(part[0]), tape.shape_of(whole)
    for code in inputs:
        source = _part(tape, code) if code & 3 != CONST else None
        if source is not None and source[2] - source[1] == size:
            if not template.elementwise or tape.shape_of(code) == shape:
                yield source[0], source[1] + part[1], source[1] + part[2]


def _in_order(tape: Tape, inputs: Any) -> bool:
    """Whether a reshape keeps the order of C."""
    return not any(isinstance(tape.constants[c >> 2], str) for c in inputs if c & 3 == CONST)


def _piece(tape: Tape, template: Template, inputs: list[int], part: Part) -> Iterator[Part]:
    """The part of the joined array that holds the elements."""
    begin = 0
    shape = tape.shape_of(part[0] * 4 + WHOLE)
    for code in _pieces(tape, template.structure, template.fn, inputs, shape):
        source = _part(tape, code)
        if source is None:
            return
        size = source[2] - source[1]
        if begin <= part[1] and part[2] <= begin + size:
            yield source[0], source[1] + part[1] - begin, source[1] + part[2] - begin
        begin += size


def _pieces(tape: Tape, structure: Structure, fn: Any, inputs: list[int], shape: tuple[int, ...]) -> list[int]:
    """Operand codes of the arrays that a join lays one after the other; none where it does not."""
    args, *rest = rebuild(structure, iter(inputs))
    named: dict[str, Any] = rest[0] if rest else {}
    found, more = (args[:2], args[2:]) if fn is np.append else (args[0], args[1:])
    axes = [tape.constants[a >> 2] if a & 3 == CONST else "unknown" for a in (*more, *named.values())]
    first = len(shape) == 1 or fn is np.vstack or (fn is np.concatenate and not axes) or axes == [0]
    if not isinstance(found, list | tuple) or not all(isinstance(c, int) for c in found):
        return []
    return list(found) if first and set(named) <= {"axis"} else []
