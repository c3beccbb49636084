"""The tape: what a script computed, as structure.

A tape holds no values except those that existed before it (leaves). Everything else is made again by replaying it.
Its columns are flat integer arrays; what repeats (source place, function, argument structure) lives once in a template.

An *operand code* is one integer, ``index * 4 + tag``:

    SCALAR  index is a storage that holds one number
    WHOLE   index is a storage; the operand is its root array
    VIEW    index is a row of ``views``: (storage, offset, layout), all in elements
    CONST   index is a row of ``constants``

A *layout* is (shape, strides in elements, dtype). Writes are entries of their own, in program order; a storage is
one piece of memory, so views, aliases and in-place writes are exact.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Any

SCALAR, WHOLE, VIEW, CONST = range(4)

Layout = tuple[tuple[int, ...], tuple[int, ...], Any]
Structure = Any  # nested tuples: None is an operand, ("list" | "tuple" | "slice", children), ("dict", keys, children)


@dataclass(frozen=True, slots=True)
class Template:
    """What the executions of one source place share.

    ``kind`` is "op" (new results), "element" (one entry read from an array), "inplace" (first operand is updated by
    ``fn``),
    "store" (second operand is copied into the first), "call" (``fn`` writes the operands in ``writes``), "create" (a
    new array
    from nothing), "set" (first operand takes the recorded constant), "opaque" (results are frozen). ``structure`` is
    None
    when the operands are the positional arguments; else it gives back ``[args]`` or ``[args, kwargs]``.
    """

    kind: str
    fn: Callable[..., Any] | None
    site: int
    structure: Structure
    inputs: int
    outputs: int
    writes: tuple[int, ...] = ()
    elementwise: bool = False
    several: bool = False

    def arguments(self, values: Iterable[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments of the function, from one value for each operand."""
        if self.structure is None:
            return list(values), {}
        tree = rebuild(self.structure, iter(values))
        return tree[0], (tree[1] if len(tree) > 1 else {})


class Tape:
    """Columns of entries, and tables of storages, views, layouts and constants."""

    def __init__(self) -> None:
        self.templates: list[Template] = []
        self.entry_template = array("i")
        self.entry_start = array("q")
        self.operands = array("q")
        self.storage_layout = array("i")  # -1: a scalar
        self.storage_born = array("q")  # entry that made it, -1 for a leaf
        self.leaves: dict[int, Any] = {}  # storage -> value at its first use (root array or number)
        self.views: list[tuple[int, int, int]] = []
        self.layouts: list[Layout] = []
        self.constants: list[Any] = []
        self.literals: Set[int] = frozenset()  # source places of operators with an operand that is written as a literal
        self.drawn: set[int] = set()  # leaves that a random generator made
        self.cuts: dict[int, int] = {}  # source place of a subscript -> operand code of the first view it made
        self._template_ids: dict[Any, int] = {}
        self._view_ids: dict[tuple[int, int, int], int] = {}
        self._layout_ids: dict[Layout, int] = {}
        self._constant_ids: dict[Any, int] = {}

    def __len__(self) -> int:
        return len(self.entry_template)

    # tables

    def template(self, key: Any, make: Callable[[], Template]) -> int:
        """The number of the template under ``key``, made on first use."""
        found = self._template_ids.get(key)
        if found is None:
            found = self._template_ids[key] = len(self.templates)
            self.templates.append(make())
        return found

    def layout(self, shape: tuple[int, ...], strides: tuple[int, ...], dtype: Any) -> int:
        """The number of a layout; strides are in elements."""
        key = (shape, strides, dtype)
        found = self._layout_ids.get(key)
        if found is None:
            found = self._layout_ids[key] = len(self.layouts)
            self.layouts.append(key)
        return found

    def view(self, storage: int, offset: int, layout: int) -> int:
        """Operand code of a view; the view that is the whole root array is coded as such."""
        if offset == 0 and layout == self.storage_layout[storage]:
            return storage * 4 + WHOLE
        key = (storage, offset, layout)
        found = self._view_ids.get(key)
        if found is None:
            found = self._view_ids[key] = len(self.views)
            self.views.append(key)
        return found * 4 + VIEW

    def constant(self, value: Any) -> int:
        """Operand code of a value that no replay changes."""
        kind = type(value)
        if kind is int or kind is bool or kind is str or value is None:
            key: Any = (kind, value)
        else:
            key = id(value)
        found = self._constant_ids.get(key)
        if found is None:
            found = self._constant_ids[key] = len(self.constants)
            self.constants.append(value)  # keeps the object alive, so that its id stays its own
        return found * 4 + CONST

    # storages

    def new_storage(self, layout: int, born: int) -> int:
        """Number of a new storage; ``layout`` is -1 for a scalar, ``born`` -1 for a leaf."""
        self.storage_layout.append(layout)
        self.storage_born.append(born)
        return len(self.storage_born) - 1

    def append(self, template: int, codes: list[int] | tuple[int, ...]) -> int:
        """Add an entry: its operands, then its results. Returns its number."""
        self.entry_template.append(template)
        self.entry_start.append(len(self.operands))
        self.operands.extend(codes)
        return len(self.entry_template) - 1

    # reading

    def entry(self, number: int) -> tuple[Template, array[int], array[int]]:
        """Template, operand codes and result codes of an entry."""
        template = self.templates[self.entry_template[number]]
        start = self.entry_start[number]
        middle = start + template.inputs
        return template, self.operands[start:middle], self.operands[middle : middle + template.outputs]

    def results(self, number: int) -> list[int]:
        """The operand codes of what an entry makes or writes, without constants."""
        template, inputs, outputs = self.entry(number)
        return [c for c in (*outputs, *(inputs[i] for i in template.writes)) if c & 3 != CONST]

    def made(self, number: int) -> set[int]:
        """The storages that an entry makes or writes."""
        return {self.storage_of(c) for c in self.results(number)}

    def site_of(self, number: int) -> int:
        """The number of the place in the source that made an entry."""
        return self.templates[self.entry_template[number]].site

    def storage_of(self, code: int) -> int:
        """The storage behind an operand code, -1 for a constant."""
        tag = code & 3
        if tag == VIEW:
            return self.views[code >> 2][0]
        return -1 if tag == CONST else code >> 2

    def shape_of(self, code: int) -> tuple[int, ...]:
        """Shape of the operand; () for scalars and constants."""
        tag = code & 3
        if tag == WHOLE:
            return self.layouts[self.storage_layout[code >> 2]][0]
        if tag == VIEW:
            return self.layouts[self.views[code >> 2][2]][0]
        return ()

    def span_of(self, code: int) -> tuple[int, int]:
        """First and one past last element of the storage that the operand can touch."""
        tag = code & 3
        if tag == WHOLE:
            return 0, self.storage_size(code >> 2)
        if tag == VIEW:
            _, offset, layout = self.views[code >> 2]
            shape, strides, _ = self.layouts[layout]
            if 0 in shape:
                return offset, offset
            low = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True) if s < 0)
            high = offset + sum((n - 1) * s for n, s in zip(shape, strides, strict=True) if s > 0)
            return low, high + 1
        return 0, 1

    def storage_size(self, storage: int) -> int:
        """Number of elements of the storage's root array; 1 for a scalar."""
        layout = self.storage_layout[storage]
        if layout < 0:
            return 1
        return math.prod(self.layouts[layout][0])

    def dtype_of(self, storage: int) -> Any:
        """NumPy dtype of the storage, None for a scalar."""
        layout = self.storage_layout[storage]
        return None if layout < 0 else self.layouts[layout][2]


def flatten(tree: Any, code: Callable[[Any], int], out: list[int], depth: int = 0) -> Structure:
    """Append the operand codes of an argument tree to ``out`` and return its structure.

    Lists, tuples, dicts and slices are opened down to six levels; anything else is an operand.
    """
    kind = type(tree)
    if depth < 6:
        if kind is list or kind is tuple:
            name = "list" if kind is list else "tuple"
            return (name, tuple(flatten(item, code, out, depth + 1) for item in tree))
        if kind is slice:
            return ("slice", tuple(flatten(v, code, out, depth + 1) for v in (tree.start, tree.stop, tree.step)))
        if kind is dict:
            return ("dict", tuple(tree), tuple(flatten(v, code, out, depth + 1) for v in tree.values()))
    out.append(code(tree))
    return None


def rebuild(structure: Structure, values: Iterator[Any]) -> Any:
    """The inverse of `flatten`: an argument tree from operand values in order."""
    if structure is None:
        return next(values)
    kind = structure[0]
    if kind == "dict":
        return {key: rebuild(s, values) for key, s in zip(structure[1], structure[2], strict=True)}
    items = [rebuild(s, values) for s in structure[1]]
    if kind == "list":
        return items
    return tuple(items) if kind == "tuple" else slice(*items)


def paths(structure: Structure, prefix: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each operand in the argument tree, in the order of `flatten`."""
    if structure is None:
        yield prefix
        return
    if structure[0] == "dict":
        keyed = zip(structure[1], structure[2], strict=True)
    else:
        keyed = enumerate(structure[1])  # type: ignore[assignment]
    for key, child in keyed:
        yield from paths(child, (*prefix, key))
