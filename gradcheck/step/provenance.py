"""Where the rows of an array come from: its row numbers in the arrays that it was cut, gathered and computed from.

Index replay: nothing is computed again but indices. A *chain* holds, for the rows of an operand along one axis, their
numbers in every array that they passed, the operand's own first and the deepest last. What cannot be followed ends a
chain: the array it made counts as a data set of its own.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..record.events import is_elementwise
from ..tape import CONST, SCALAR, VIEW, WHOLE, Tape, rebuild
from .chains import Chain, Level, distinct, joined_all
from .geometry import axis_of_gather, axis_of_view, dense, rows_of_view
from .values import NONE, Values, allocated

MOST_PIECES = 5000
FEW_PIECES = 8  # pieces side by side that are looked at for the rows they share
MOST_WRITES = 5000
DEEPEST = 60

COMPARISONS = frozenset((operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge))
RESHAPES = frozenset(
    (np.reshape, np.ravel, np.squeeze, np.expand_dims, np.atleast_1d, np.atleast_2d)
    + (np.ndarray.reshape, np.ndarray.ravel, np.ndarray.flatten, np.ndarray.squeeze)
)
COPIES = frozenset((np.ascontiguousarray, np.asfortranarray, np.asanyarray, np.nan_to_num, np.require))
PRODUCTS = frozenset((operator.matmul, np.matmul, np.dot, np.ndarray.dot))
REDUCTIONS = frozenset(
    getattr(owner, name)
    for owner in (np, np.ndarray)
    for name in ("sum", "mean", "max", "min", "prod", "std", "var", "argmax", "argmin", "any", "all")
)
STACKS = frozenset((np.array, np.asarray, np.stack))
JOINS = frozenset((np.concatenate, np.append, np.hstack, np.vstack, np.column_stack))
TAKES = frozenset((np.take, np.ndarray.take))


class Tracer:
    """Follows operands of one tape; what it found is kept."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.budget = 25_000  # operands that may be looked at
        self.values = Values(tape)
        self._writers = self.values.writers
        self._allocated = allocated(tape)
        self._contents: dict[tuple[int, int, int], list[Chain]] = {}
        self._fixed: dict[tuple[int, int], list[Chain]] = {}
        self._depth = 0

    # operands

    def along(self, code: int, axis: int, time: int) -> list[Chain]:
        """Chains of the rows of an operand along one of its axes, as an entry at ``time`` reads it."""
        self.budget -= 1
        if code & 3 in (CONST, SCALAR) or self.budget < 0:
            return []
        storage = self.tape.storage_of(code)
        if code & 3 == WHOLE:
            return self._content(storage, axis, time)
        _, offset, layout = self.tape.views[code >> 2]
        found = axis_of_view(self._root(storage), offset, self.tape.layouts[layout], axis)
        if found is None:
            return []
        return [c.take(found[1]) for c in self._content(storage, found[0], time)]

    def whole(self, code: int, time: int) -> list[Chain]:
        """Chains of an operand that lies in one row of some array: a single row number each."""
        self.budget -= 1
        if code & 3 == CONST or self.budget < 0:
            return []
        storage = self.tape.storage_of(code)
        if code & 3 != VIEW:
            return self._constant(storage, time)
        _, offset, layout = self.tape.views[code >> 2]
        out = list(self._constant(storage, time))
        for axis, row in rows_of_view(self._root(storage), offset, self.tape.layouts[layout]):
            out += [c.take(np.array([row])) for c in self._content(storage, axis, time)]
        return distinct(out)

    def takes(self, code: int, level: Level) -> bool:
        """Whether a view takes exactly the rows of a level (or its first row) out of the level's array."""
        if code & 3 != VIEW or self.tape.storage_of(code) != level.storage or level.ids.size == level.count:
            return False
        _, offset, number = self.tape.views[code >> 2]
        layout, root = self.tape.layouts[number], self._root(level.storage)
        for axis in range(len(layout[0])):
            found = axis_of_view(root, offset, layout, axis)
            if found is not None and found[0] == level.axis and np.array_equal(found[1], level.ids):
                return True
        return (level.axis, int(level.ids[0])) in rows_of_view(root, offset, layout)

    def _root(self, storage: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        shape, strides, _ = self.tape.layouts[self.tape.storage_layout[storage]]
        return shape, strides

    # storages

    def _settled(self, storage: int, version: int) -> float:
        if version:
            return float(self._writers[storage][version - 1])
        born = self.tape.storage_born[storage]
        return float(born) if born >= 0 else float(self._allocated[storage]) - 0.5

    def _own(self, storage: int, axis: int, version: int) -> Level:
        count = self._root(storage)[0][axis]
        return Level(storage, axis, count, self._settled(storage, version), np.arange(count))

    def _content(self, storage: int, axis: int, time: int) -> list[Chain]:
        """Chains of a root array's rows at ``time``."""
        version = self.values.version(storage, time)
        key = (storage, axis, version)
        found = self._contents.get(key)
        if found is None:
            if self._depth > DEEPEST:
                return []
            self._depth += 1
            try:
                made = self._filled(storage, axis, version)
            finally:
                self._depth -= 1
            own = self._own(storage, axis, version)
            if made is None:
                found = [Chain((own,))]
            else:
                found = [Chain((own, *c.levels), c.moves) for c in made]
            self._contents[key] = found
        return found

    def _filled(self, storage: int, axis: int, version: int) -> list[Chain] | None:
        """What the array was made from and written with; None when it is an origin."""
        tape = self.tape
        born = tape.storage_born[storage]
        chains: list[Chain] | None = None if born < 0 else self._made(born, storage, axis)
        writes = [int(w) for w in self._writers.get(storage, NONE)[:version]]
        if len(writes) > MOST_WRITES:
            return None
        pieces: dict[int, list[Chain]] = {}
        for entry in writes:
            template, inputs, _ = tape.entry(entry)
            if template.kind == "inplace":
                if chains is not None:
                    chains = distinct(chains + self._beside(storage, axis, inputs[0], inputs[1], entry))
                continue
            if template.kind == "store":
                whole = self._covered(storage, inputs[0])
                if whole:
                    chains, pieces = self._beside(storage, axis, inputs[0], inputs[1], entry) or None, {}
                    continue
                piece = self._piece(storage, axis, inputs[0], inputs[1], entry)
                if piece is None:
                    chains, pieces = None, {}
                    continue
                pieces.update(piece)
                chains = self._assembled(pieces, self._root(storage)[0][axis])
                continue
            chains, pieces = self._indicator(storage, axis, entry), {}
        return chains

    def _covered(self, storage: int, code: int) -> bool:
        return code & 3 == WHOLE or math.prod(self.tape.shape_of(code)) == self.tape.storage_size(storage)

    def _beside(self, storage: int, axis: int, dest: int, value: int, entry: int) -> list[Chain]:
        """Chains of a value that is stored or added to an array, along the array's axis."""
        shape = self._root(storage)[0]
        if not self._covered(storage, dest) or self.tape.shape_of(dest) != shape:
            return []
        return self._aligned(value, axis, shape, entry)

    def _piece(self, storage: int, axis: int, dest: int, value: int, entry: int) -> dict[int, list[Chain]] | None:
        """Rows of an array that one store fills, each with its chain; None where it fills no whole rows."""
        tape, root = self.tape, self._root(storage)
        shape = tape.shape_of(dest)
        others = math.prod(root[0]) // max(root[0][axis], 1)
        _, offset, layout = tape.views[dest >> 2]
        for found, row in rows_of_view(root, offset, tape.layouts[layout]):
            if found == axis and math.prod(shape) == others:
                chains = self.whole(value, entry)
                return {row: chains} if chains else None
        if len(shape) == len(root[0]) and math.prod(shape) == others * shape[axis]:
            place = axis_of_view(root, offset, tape.layouts[layout], axis)
            chains = self._aligned(value, axis, shape, entry)
            if place is not None and place[0] == axis and chains:
                return {int(r): [c.take(np.array([i])) for c in chains] for i, r in enumerate(place[1])}
        return None

    def _assembled(self, pieces: dict[int, list[Chain]], count: int) -> list[Chain] | None:
        """One chain for an array whose rows were filled one after the other; None while rows are missing."""
        if len(pieces) < count:
            return None
        return joined_all([pieces[row] for row in range(count)]) or None

    def _indicator(self, storage: int, axis: int, entry: int) -> list[Chain] | None:
        """``Y[np.arange(n), labels] = 1``: row i of Y belongs to entry i of the labels."""
        template, inputs, _ = self.tape.entry(entry)
        if template.fn is not operator.setitem or template.structure is None or axis != 0:
            return None
        args = rebuild(template.structure, iter(inputs))[0]
        index = args[1]
        if self.tape.storage_of(args[0]) != storage or not isinstance(index, tuple) or len(index) != 2:
            return None
        rows = self.values.index(index[0], entry)
        count = self._root(storage)[0][0]
        if rows is None or np.shape(rows) != (count,) or not np.array_equal(rows, np.arange(count)):
            return None
        labels = index[1]
        return self.along(labels, 0, entry) or None if isinstance(labels, int) else None

    def _constant(self, storage: int, time: int) -> list[Chain]:
        """Chains of a storage all of which comes from one row of some array."""
        version = self.values.version(storage, time)
        found = self._fixed.get((storage, version))
        if found is None:
            born = self.tape.storage_born[storage]
            found = []
            if born >= 0 and not version and self._depth <= DEEPEST:
                template, inputs, _ = self.tape.entry(born)
                arrays = [c for c in inputs if c & 3 != CONST]
                if template.kind in ("op", "element") and len(arrays) <= 8:
                    self._depth += 1
                    try:
                        found = distinct([c for code in arrays for c in self.whole(code, born)])
                    finally:
                        self._depth -= 1
            self._fixed[storage, version] = found
        return found

    # operations

    def _made(self, entry: int, storage: int, axis: int) -> list[Chain] | None:
        """Chains of an array that an entry made; None when the entry is not followed, [] when it holds no rows."""
        template, inputs, outputs = self.tape.entry(entry)
        if template.kind == "create":
            return []
        if template.kind != "op" or template.several or len(outputs) != 1:
            return None
        turned = self._turned(outputs[0], storage, axis)
        if turned is None:
            return None
        shape, axis = turned
        args, kwargs = template.arguments(inputs)
        fn = template.fn
        if (template.elementwise or is_elementwise(fn) or fn in COMPARISONS or fn in COPIES) and not _nested(args):
            every = [c for code in inputs for c in self._aligned(code, axis, shape, entry)]
            return distinct(every) or None
        if fn is operator.getitem and len(args) == 2:
            return self._gathered(args[0], args[1], axis, shape, entry)
        if fn in TAKES:
            return self._taken(args, kwargs, axis, shape, entry)
        if fn in RESHAPES:
            return self._reshaped(args, kwargs, axis, shape, entry)
        if fn in PRODUCTS and len(args) == 2:
            return self._product(args, axis, len(shape), entry)
        if fn in REDUCTIONS:
            return self._reduced(args, kwargs, axis, entry)
        if fn in JOINS or fn in STACKS:
            return self._stacked(fn, args, kwargs, axis, len(shape), entry)
        return None

    def _turned(self, code: int, storage: int, axis: int) -> tuple[tuple[int, ...], int] | None:
        """Shape of a result and the axis of it that an axis of its root array is: gathers may come out transposed."""
        root = self._root(storage)
        if code & 3 == WHOLE:
            return root[0], axis
        shape, strides, _ = self.tape.layouts[self.tape.views[code >> 2][2]]
        same = [k for k in range(len(shape)) if shape[k] == root[0][axis] and strides[k] == root[1][axis]]
        return (shape, same[0]) if same and sorted(shape) == sorted(root[0]) else None

    def _aligned(self, code: int, axis: int, shape: tuple[int, ...], entry: int) -> list[Chain]:
        """Chains of an operand along the axis of a result that it is broadcast to."""
        own = self.tape.shape_of(code)
        place = axis - (len(shape) - len(own))
        if place < 0 or own[place] != shape[axis] or (own[place] == 1 and len(own) > 1):
            return []
        return self.along(code, place, entry)

    def _gathered(self, code: int, index: Any, axis: int, shape: tuple[int, ...], entry: int) -> list[Chain] | None:
        """``array[index]``: rows of the array; of the index where the array is a table to look labels up in."""
        base = self.tape.shape_of(code)
        picks = self.values.picks(index, entry)
        if picks is None or not isinstance(code, int):
            return None
        found = axis_of_gather(base, picks, axis, shape)
        if found is None:
            return None
        chains = self.along(code, found[0], entry)
        looked_up = self._looked_up(index, axis, entry)
        if looked_up and (not chains or looked_up[0].origin.count > max(c.origin.count for c in chains)):
            return looked_up
        return [c.take(found[1], entry) for c in chains]

    def _looked_up(self, index: Any, axis: int, entry: int) -> list[Chain]:
        codes = [c for c in (index if isinstance(index, tuple) else (index,)) if isinstance(c, int) and c & 3 != CONST]
        return [c for code in codes if len(self.tape.shape_of(code)) > axis for c in self.along(code, axis, entry)]

    def _taken(
        self, args: list[Any], kwargs: dict[str, Any], axis: int, shape: tuple[int, ...], entry: int
    ) -> list[Chain] | None:
        at = self.values.plain(args[2] if len(args) > 2 else kwargs.get("axis"))
        if len(args) < 2 or type(at) is not int or not isinstance(args[0], int):
            return None
        at %= len(self.tape.shape_of(args[0]))
        index = (*[slice(None)] * at, args[1])
        return self._gathered(args[0], index, axis, shape, entry)

    def _reshaped(
        self, args: list[Any], kwargs: dict[str, Any], axis: int, shape: tuple[int, ...], entry: int
    ) -> list[Chain] | None:
        extra = [self.values.plain(a) for a in (*args[1:], *kwargs.values()) if isinstance(a, int)]
        if not args or not isinstance(args[0], int) or any(isinstance(a, str) and a != "C" for a in extra):
            return None
        before = self.tape.shape_of(args[0])
        if math.prod(before) != math.prod(shape):
            return None
        found = axis_of_view((before, dense(before)), 0, (shape, dense(shape), None), axis)
        return None if found is None else [c.take(found[1]) for c in self.along(args[0], found[0], entry)]

    def _product(self, args: list[Any], axis: int, ndim: int, entry: int) -> list[Chain] | None:
        dims = [len(self.tape.shape_of(a)) for a in args]
        if max(dims) > 2:
            return None
        if axis == 0 and dims[0] == 2:
            return self.along(args[0], 0, entry) or None
        if axis == ndim - 1 and dims[1] == 2:
            return self.along(args[1], 1, entry) or None
        return None

    def _reduced(self, args: list[Any], kwargs: dict[str, Any], axis: int, entry: int) -> list[Chain] | None:
        at = self.values.plain(args[1] if len(args) > 1 else kwargs.get("axis"))
        if not args or not isinstance(args[0], int) or type(at) is not int:
            return None
        at %= len(self.tape.shape_of(args[0]))
        keeps = bool(self.values.plain(kwargs.get("keepdims", False)))
        if keeps and axis == at:
            return None
        return self.along(args[0], axis if keeps or axis < at else axis + 1, entry) or None

    def _stacked(
        self, fn: Any, args: list[Any], kwargs: dict[str, Any], axis: int, ndim: int, entry: int
    ) -> list[Chain] | None:
        if not args:
            return None
        if fn in STACKS and isinstance(args[0], int):
            return self._aligned(args[0], axis, self.tape.shape_of(args[0]), entry) or None
        pieces = args[:2] if fn is np.append else args[0]
        at = self._join_axis(fn, args, kwargs, ndim)
        if at is None or not isinstance(pieces, list | tuple) or not 0 < len(pieces) <= MOST_PIECES:
            return None
        if not all(isinstance(p, int) for p in pieces):
            return None
        fresh = fn in STACKS or any(len(self.tape.shape_of(p)) < ndim for p in pieces)
        if axis == at:
            parts = [[] if fresh else self.along(p, axis, entry) for p in pieces]
            for p, part in zip(pieces, parts, strict=True):
                if fresh or self.tape.shape_of(p)[axis] == 1:  # a row on its own
                    part += self.whole(p, entry)
            return joined_all(parts) or None
        if self._length(entry, axis) == 1:
            return []
        place = axis - 1 if fresh and at < axis else axis
        some = [p for p in pieces if len(self.tape.shape_of(p)) > place][:FEW_PIECES]
        every = [c for p in some for c in self.along(p, place, entry)]
        return distinct(every) or None

    def _length(self, entry: int, axis: int) -> int:
        return self.tape.shape_of(self.tape.entry(entry)[2][0])[axis]

    def _join_axis(self, fn: Any, args: list[Any], kwargs: dict[str, Any], ndim: int) -> int | None:
        if fn is np.vstack or fn in (np.array, np.asarray):
            return 0
        if fn is np.column_stack:
            return 1
        if fn is np.hstack:
            return 1 if ndim > 1 else 0
        place = 2 if fn is np.append else 1
        if len(args) <= place and "axis" not in kwargs:
            return None if fn is np.append else 0
        at = self.values.plain(args[place] if len(args) > place else kwargs["axis"])
        return at % ndim if type(at) is int else None


def _nested(args: list[Any]) -> bool:
    return any(isinstance(a, list | tuple | dict) for a in args)
