"""The recorder: what each tap does. Values stay the user's own; the tape is written beside them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..tape import CONST, Tape
from .calls import Calls
from .entries import Entries
from .events import Location, Locations, Update
from .functions import Functions
from .loops import Activation, Loops
from .memory import ARRAY, NUMBER, Memory, kind_of, root_of
from .memory import _KINDS as KINDS
from .sources import Sources

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
    "matmul": operator.matmul,
    "and_": operator.and_,
    "or_": operator.or_,
    "xor": operator.xor,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
}
UNARY: dict[str, Callable[[Any], Any]] = {"neg": operator.neg, "pos": operator.pos, "invert": operator.invert}
IN_PLACE: tuple[Callable[[Any, Any], Any], ...] = (
    operator.iadd,
    operator.isub,
    operator.imul,
    operator.itruediv,
    operator.ifloordiv,
    operator.imod,
    operator.ipow,
    operator.imatmul,
    operator.iand,
    operator.ior,
    operator.ixor,
    operator.ilshift,
    operator.irshift,
)
PLAIN: tuple[Callable[[Any, Any], Any], ...] = (
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.matmul,
    operator.and_,
    operator.or_,
    operator.xor,
    operator.lshift,
    operator.rshift,
)
MOST_SLOTS = 64
MOST_LISTED = 1024


class Recorder:
    """Listens to a rewritten script. ``armed`` may be switched at any time; what happens disarmed is opaque."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.armed = False
        self.tape = Tape()
        self.memory = Memory(self.tape)
        self.entries = Entries(self.tape, self.memory)
        self.locations = Locations(self.tape)
        self.loops = Loops(self.tape, self.locations, lambda: self.entries.work, self._training_ended)
        self.functions = Functions(self)
        self.calls = Calls(self)
        self.on_training_end: Callable[[Activation], None] | None = None
        self.listed: set[int] = set()  # storages of numbers that have a list slot of their own
        self.bound: dict[Any, Any] = {}  # location -> the list, tuple or dict last bound to it
        for name, fn in OPERATORS.items():
            setattr(self, name, self._binary(fn))
        for name, fn1 in UNARY.items():
            setattr(self, name, self._unary(fn1))

    # operators

    def _binary(self, fn: Callable[[Any, Any], Any]) -> Callable[..., Any]:
        kinds, entries = KINDS, self.entries

        def tap(site: int, left: Any, right: Any, /) -> Any:
            out = fn(left, right)
            kind = kinds.get(type(out))
            if kind is None:
                kind = kind_of(type(out))
            if kind and self.armed:
                if kind == ARRAY:
                    if out.dtype.hasobject:
                        return self._objects(site, fn, left, right, out)
                    if isinstance(out, np.matrix):
                        self._matrix_op(site, fn, left, right, out)
                        return out
                entries.op(site, fn, (left, right), out)
            elif kind == 0 and self.armed:
                if type(out) is list:
                    self.entries_of_list(site, out)
                elif (type(out) is bool or type(out) is np.bool_) and (kind_of(type(left)) or kind_of(type(right))):
                    entries.guard(site, fn, (left, right), {}, out)
            return out

        return tap

    def _unary(self, fn: Callable[[Any], Any]) -> Callable[..., Any]:
        def tap(site: int, operand: Any, /) -> Any:
            out = fn(operand)
            if self.armed and kind_of(type(out)):
                if isinstance(out, np.ndarray) and out.dtype.hasobject:
                    return self._objects(site, lambda a, _: fn(a), operand, operand, out)
                self.entries.op(site, fn, (operand,), out)
            return out

        return tap

    def _matrix_op(self, site: int, fn: Any, left: Any, right: Any, out: Any) -> None:
        """np.matrix: `*` is the matrix product; everything else is elementwise."""
        if fn is operator.mul and np.ndim(left) and np.ndim(right):
            fn = np.dot
        self.entries.op(site, fn, (np.atleast_2d(left) if np.ndim(left) else left, right), out)

    def _objects(self, site: int, fn: Any, left: Any, right: Any, out: np.ndarray) -> np.ndarray:
        """An operation on an array of arrays: each entry's operation is recorded by itself."""
        tap = self._binary(fn) if fn in OPERATORS.values() else (lambda _site, a, b: fn(a, b))
        a, b = np.broadcast_to(_boxed(left), out.shape), np.broadcast_to(_boxed(right), out.shape)
        for index in np.ndindex(out.shape):
            out[index] = tap(site, a[index], b[index])
        return out

    # subscripts

    def get(self, site: int, obj: Any, index: Any, /) -> Any:
        out = obj[index]
        if not self.armed:
            return out
        kind = kind_of(type(out))
        if isinstance(obj, np.ndarray):
            if kind == NUMBER and not obj.dtype.hasobject:
                code = self.entries.element_code(obj, index)
                if code >= 0:
                    self.entries.element(site, code, out)
                else:
                    self.entries.run(site, operator.getitem, (obj, index), {}, out)
            elif kind == ARRAY and not obj.dtype.hasobject and not obj.dtype.names:
                root = root_of(out)
                if root is not root_of(obj):
                    self.entries.run(site, operator.getitem, (obj, index), {}, out)
            elif kind == NUMBER:
                out = self._slot(site, obj, index, out)
        elif kind == NUMBER:
            out = self._slot(site, obj, index, out)
        elif kind == ARRAY and type(obj) not in (list, dict, tuple):
            self._foreign(site, obj, index, out)
        return out

    def _foreign(self, site: int, obj: Any, index: Any, out: np.ndarray) -> None:
        """An array out of something else's subscript: np.c_ and np.r_ put arrays together, anything else is opaque."""
        parts = list(index) if isinstance(index, tuple) else [index]
        plain = all(kind_of(type(p)) or type(p) is int for p in parts)
        if not self.entries.has_tracked(parts) or self.memory.known(out):
            return
        if obj is np.c_ and plain and all(np.ndim(p) in (1, 2) for p in parts):
            self.entries.run(site, np.column_stack, (parts,), {}, out)
        elif obj is np.r_ and plain and all(np.ndim(p) < 2 for p in parts):
            self.entries.run(site, np.hstack, (parts,), {}, out)
        elif obj is np.r_ and plain:
            self.entries.run(site, np.concatenate, (parts,), {}, out)
        else:
            self.entries.run(site, operator.getitem, tuple(p for p in parts if kind_of(type(p))), {}, out, "opaque")

    def _slot(self, site: int, obj: Any, index: Any, out: Any) -> Any:
        """A number read from a list or dict; a literal that several slots share gets one object a slot."""
        if type(out) is not float or not isinstance(obj, list | dict | np.ndarray):
            return out
        storage = self.memory.numbers.get(id(out))
        if storage is not None and (self.tape.storage_born[storage] >= 0 or storage in self.listed):
            return out
        fresh = out * 1.0
        try:
            obj[index] = fresh
        except (TypeError, KeyError, IndexError):
            return out
        if storage is None:
            self.memory.leaf_number(fresh)
        else:
            self.entries.op(site, operator.pos, (out,), fresh)
        self.listed.add(self.memory.numbers[id(fresh)])
        return fresh

    def entries_of_list(self, site: int, values: list[Any]) -> None:
        """Numbers in a list that no entry has made get objects of their own: a literal is one object wherever it stands."""
        if len(values) > MOST_LISTED:
            return
        numbers, born = self.memory.numbers, self.tape.storage_born
        for i, value in enumerate(values):
            if type(value) is float:
                storage = numbers.get(id(value))
                if storage is None:
                    values[i] = fresh = value * 1.0
                    self.memory.leaf_number(fresh)
                elif born[storage] < 0 and storage not in self.listed:
                    values[i] = fresh = value * 1.0
                    self.entries.op(site, operator.pos, (value,), fresh)
                else:
                    continue
                self.listed.add(self.memory.numbers[id(fresh)])
            elif type(value) is list:
                self.entries_of_list(site, value)

    def set_item(self, site: int, value: Any, obj: Any, index: Any, /) -> None:
        if not self.armed:
            obj[index] = value
        elif isinstance(obj, np.ndarray) and not obj.dtype.hasobject and not obj.dtype.names:
            self._store(site, value, obj, index)
        elif isinstance(obj, list | dict | np.ndarray):
            old = _peek(obj, index)
            value = self._own(site, value)
            obj[index] = value
            self._assign(("slot", id(obj), _hashable(index, obj)), site, value, old, obj)
        else:
            obj[index] = value

    def _store(self, site: int, value: Any, obj: np.ndarray, index: Any) -> None:
        """``obj[index] = value`` on a numeric array."""
        dest = self.entries.element_code(obj, index)
        if dest < 0 and _is_basic(index):
            view = obj[index]
            dest = self.memory.array_code(view) if isinstance(view, np.ndarray) else -1
        if dest < 0 or dest & 3 == CONST:
            self._store_fancy(site, value, obj, index)
            return
        code = self._value_code(site, value)
        self.memory.before_write(dest)
        obj[index] = value
        entry = self.entries.store(site, dest, code)
        path = self.locations.chain(code, dest)
        outside = self.locations.off_path(path, dest) if path else []
        self.locations.written(site, entry, dest, path, outside, self.loops.current)

    def _value_code(self, site: int, value: Any) -> int:
        """Operand code of a value to be stored; nested lists become an array on the tape."""
        if isinstance(value, list | tuple):
            made = np.array(value)
            self.entries.run(site, np.array, (value,), {}, made)
            self.memory.held.append(made)
            return self.memory.code(made)
        return self.memory.code(value)

    def _store_fancy(self, site: int, value: Any, obj: np.ndarray, index: Any) -> None:
        dest = self.memory.code(obj)
        code = self.memory.code(value) if kind_of(type(value)) else -1
        entry = self.entries.mutate(site, operator.setitem, (obj, index, value), {}, (obj,))
        obj[index] = value
        path = self.locations.chain(code, dest, fancy=True) if code >= 0 else None
        outside = self.locations.off_path(path, dest) if path else []
        self.locations.written(site, entry, dest, path, outside, self.loops.current)

    # names and attributes

    def bind(self, site: int, location: int, value: Any, /) -> Any:
        if not self.armed:
            return value
        kind = KINDS.get(type(value))
        if kind is None:
            kind = kind_of(type(value))
        if kind:
            if kind == NUMBER:
                value = self._own(site, value)
            elif value.dtype.hasobject:
                self._bind_slots(("name", location), site, list(value.ravel()), self.bound.get(location))
                self.bound[location] = list(value.ravel())
                return value
            self._assign(("name", location), site, value, None, None)
        elif type(value) in (list, dict, tuple):
            self._bind_container(("name", location), location, site, value)
        return value

    def _bind_container(self, location: Location, key: Any, site: int, value: Any, owner: Any = None) -> None:
        if len(value) <= MOST_LISTED:
            if type(value) is list:
                self.entries_of_list(site, value)
            if self._bind_slots(location, site, value, self.bound.get(key), owner):
                self.bound[key] = value

    def _bind_slots(self, location: Location, site: int, new: Any, old: Any, owner: Any = None, depth: int = 0) -> bool:
        """A list, tuple or dict takes the place of another: each slot is a location. False if there is nothing in it."""
        found = False
        items = new.items() if isinstance(new, dict) else enumerate(new)
        for index, value in items:
            before = _peek(old, index) if type(old) is type(new) else None
            if kind_of(type(value)):
                found = True
                if before is not None:
                    self._assign((*location, index), site, value, before, owner if owner is not None else new)
            elif type(value) in (list, tuple, dict) and depth < 3 and len(value) <= MOST_LISTED:
                found = self._bind_slots((*location, index), site, value, before, owner, depth + 1) or found
        return found

    def _own(self, site: int, value: Any) -> Any:
        """A number that no entry has made gets an object of its own, so that two locations never share a leaf."""
        if type(value) is not float and type(value) is not np.float64:
            return value
        storage = self.memory.numbers.get(id(value))
        if storage is not None and self.tape.storage_born[storage] >= 0:
            return value
        fresh = value * 1.0 if type(value) is float else np.float64(float(value))
        self.entries.op(site, operator.pos, (value,), fresh)
        return fresh

    def _assign(self, location: Location, site: int, value: Any, old: Any, holder: Any) -> None:
        if not kind_of(type(value)) or (isinstance(value, np.ndarray) and value.dtype.hasobject):
            return
        before = self.memory.code(old) if old is not None and kind_of(type(old)) else -1
        update = self.locations.assign(location, site, self.memory.code(value), self.loops.current, before, holder)
        if update is not None:
            self.memory.held.append(holder)

    def set_attr(self, site: int, value: Any, obj: Any, name: str, /) -> None:
        if not self.armed:
            setattr(obj, name, value)
            return
        old = getattr(obj, "__dict__", {}).get(name)
        if kind_of(type(value)) == NUMBER:
            value = self._own(site, value)
        setattr(obj, name, value)
        if type(value) in (list, dict, tuple):
            self._bind_container(("attribute", id(obj), name), (id(obj), name), site, value, obj)
        else:
            self._assign(("attribute", id(obj), name), site, value, old, obj)

    # augmented assignment

    def aug(self, site: int, opcode: int, location: int, left: Any, right: Any, /) -> Any:
        out = self._augment(site, opcode, left, right)
        return self.bind(site, location, out) if out is not left else out

    def aug_attr(self, site: int, opcode: int, obj: Any, name: str, /) -> Callable[[Any], None]:
        left = getattr(obj, name)

        def finish(right: Any) -> None:
            out = self._augment(site, opcode, left, right)
            if out is left:
                setattr(obj, name, out)
            else:
                self.set_attr(site, out, obj, name)

        return finish

    def aug_item(self, site: int, opcode: int, obj: Any, index: Any, /) -> Callable[[Any], None]:
        left = self.get(site, obj, index)

        def finish(right: Any) -> None:
            if self.armed and isinstance(obj, np.ndarray) and self._shares(left, obj):
                obj[index] = self._augment(site, opcode, left, right)  # a view: written already, the store changes nothing
                return
            out = self._augment(site, opcode, left, right)
            if out is left and not isinstance(obj, np.ndarray):
                obj[index] = out
            else:
                self.set_item(site, out, obj, index)

        return finish

    def _shares(self, view: Any, array: np.ndarray) -> bool:
        return isinstance(view, np.ndarray) and not array.dtype.hasobject and root_of(view) is root_of(array)

    def _augment(self, site: int, opcode: int, left: Any, right: Any) -> Any:
        if not self.armed or not isinstance(left, np.ndarray):
            out = IN_PLACE[opcode](left, right)
            if self.armed and kind_of(type(out)):
                if isinstance(out, np.matrix):
                    self._matrix_op(site, PLAIN[opcode], left, right, out)
                elif not (isinstance(out, np.ndarray) and out.dtype.hasobject):
                    self.entries.op(site, PLAIN[opcode], (left, right), out)
            return out
        if left.dtype.hasobject:
            return self._augment_objects(site, opcode, left, right)
        return self._augment_array(site, opcode, left, right)

    def _augment_array(self, site: int, opcode: int, left: np.ndarray, right: Any) -> Any:
        memory = self.memory
        dest = memory.array_code(left)
        value = self._value_code(site, right)
        memory.before_write(dest)
        fn = IN_PLACE[opcode]
        out = fn(left, right)
        if out is not left or dest & 3 == CONST:
            self.entries.op(site, PLAIN[opcode], (left, right), out)
            return out
        if isinstance(left, np.matrix) and fn is operator.imul and np.ndim(right):
            self.entries.set_constant(site, left)
            return out
        entry = self.entries.inplace(site, fn, dest, value)
        self.locations.written(site, entry, dest, [entry], [value], self.loops.current)
        return out

    def _augment_objects(self, site: int, opcode: int, left: np.ndarray, right: Any) -> Any:
        b = np.broadcast_to(_boxed(right), left.shape)
        tap = self._binary(PLAIN[opcode])
        for index in np.ndindex(left.shape):
            self.set_item(site, tap(site, left[index], b[index]), left, index)
        return left

    # loops

    def loop(self, site: int, iterable: Iterable[Any], /) -> Iterable[Any]:
        return self.loops.iterate(site, self.each(site, iterable)) if self.armed else iterable

    def each(self, site: int, iterable: Any, /) -> Any:
        """The iterable itself, or one that records each number it takes out of an array."""
        if not self.armed:
            return iterable
        if isinstance(iterable, np.ndarray):
            if iterable.ndim == 1 and iterable.dtype.kind == "f":
                return self._numbers_of(site, iterable)
        return iterable

    def _numbers_of(self, site: int, values: np.ndarray) -> Iterator[Any]:
        for i in range(len(values)):
            yield self.get(site, values, i)

    def begin(self, site: int, /) -> None:
        if self.armed:
            self.loops.start(site)

    def again(self, site: int, test: Any, /) -> Any:
        return self.loops.again(site, test) if self.armed else test

    def leave(self, site: int, /) -> None:
        if self.armed:
            self.loops.finish(site)

    def _training_ended(self, activation: Activation) -> None:
        if self.on_training_end is not None:
            self.on_training_end(activation)

    # calls and functions

    def call(self, site: int, callee: Any, /) -> Any:
        return self.calls.tapped(site, callee) if self.armed else callee

    def define(self, function: int, /) -> Callable[[Any], Any]:
        return self.functions.define(function)

    def enter(self, function: int, arguments: tuple[Any, ...], /) -> None:
        if self.armed:
            self.functions.enter(function, arguments)

    def return_(self, function: int, value: Any, /) -> Any:
        if self.armed:
            self.functions.leave(function, value)
        return value

    @property
    def updates(self) -> list[Update]:
        """All updates seen so far, in order."""
        return self.locations.updates


def _boxed(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        return value
    box = np.empty((), object)
    box[()] = value
    return box


def _is_basic(index: Any) -> bool:
    """Whether the index selects a view: integers, slices, None and Ellipsis only."""
    parts = index if type(index) is tuple else (index,)
    return all(p is None or p is Ellipsis or isinstance(p, slice | int | np.integer) and type(p) is not bool for p in parts)


def _peek(container: Any, index: Any) -> Any:
    try:
        return container[index]
    except Exception:
        return None


def _hashable(index: Any, holder: Any) -> Any:
    if type(index) is int and index < 0 and not isinstance(holder, dict):
        return index + len(holder)
    try:
        hash(index)
    except TypeError:
        return repr(index)
    return index
