"""Subscripts: reading and writing elements, views and slots."""

from __future__ import annotations

import enum
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tape import CONST
from .bindings import CONTAINERS, peek, plain_key
from .memory import _KINDS as KINDS
from .memory import ARRAY, NUMBER, is_odd, kind_of, root_of
from .operators import IN_PLACE, PLAIN, Operators

NOWHERE = -4
BASIC = (slice, int, np.integer)
STORABLE = frozenset((int, bool, float))

MOST_STATE = 8


class Subscripts(Operators):
    """The taps of subscripts."""

    def get(self, site: int, obj: Any, index: Any, /) -> Any:
        out = obj[index]
        if self.armed:
            kind = KINDS.get(type(out), -1)
            if kind:
                try:
                    if type(obj) is np.ndarray:
                        if kind == NUMBER:
                            code = self.memory.element_code(obj, index)
                            if code >= 0:
                                self.entries.element(site, code, out)
                                return out
                        elif out.base is obj and kind == ARRAY:
                            if site not in self.tape.cuts:
                                self._cut(site, out)
                            return out
                    return self._got(site, obj, index, out, kind if kind > 0 else kind_of(type(out)))
                except Exception as error:
                    self.broke(site, error, out)
        return out

    def _got(self, site: int, obj: Any, index: Any, out: Any, kind: int) -> Any:
        cls = type(obj)
        if cls is list or cls is dict:
            return self._slot(site, obj, index, out) if kind == NUMBER and type(out) is float else out
        if not isinstance(obj, np.ndarray):
            if cls is np.flatiter and obj.base.flags.c_contiguous:
                self._got(site, obj.base.reshape(-1), index, out, kind)
            elif kind == ARRAY and cls is not tuple:
                self._foreign(site, obj, index, out)
            return out
        if kind == NUMBER:
            code = self.memory.element_code(obj, index)
            if code >= 0:
                self.entries.element(site, code, out)
            elif obj.dtype.hasobject:
                return self._slot(site, obj, index, out)
            elif not obj.dtype.names:
                self.entries.run(site, operator.getitem, (obj, index), {}, out)
        elif kind == ARRAY and not (out.base is not None and (out.base is obj or out.base is obj.base)):
            self._copied(site, obj, index, out)
        elif kind == ARRAY and site not in self.tape.cuts:
            self._cut(site, out)
        return out

    def _cut(self, site: int, view: np.ndarray) -> None:
        """The first view that a place makes: views leave no entry, and messages point at where rows are taken."""
        if not view.dtype.hasobject and not view.dtype.names and not is_odd(type(view)):
            self.tape.cuts[site] = self.memory.array_code(view)

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

    def _copied(self, site: int, obj: np.ndarray, index: Any, out: np.ndarray) -> None:
        """``obj[index]`` that may be a copy."""
        if obj.dtype.hasobject or obj.dtype.names or root_of(out) is root_of(obj):
            return
        if is_odd(type(obj)) or type(out) is not np.ndarray and np.asarray(obj)[index].shape != out.shape:
            self.entries.frozen(site, operator.getitem, (obj, index), out)
        else:
            self.entries.run(site, operator.getitem, (obj, index), {}, out)

    def _slot(self, site: int, obj: Any, index: Any, out: Any) -> Any:
        """A number read from a list or dict; a literal that several slots share gets one object a slot."""
        if type(out) is not float or out != out:
            return out
        code = self.memory.codes.get(id(out))
        if code is not None and (self.tape.storage_born[code >> 2] >= 0 or code >> 2 in self.listed):
            return out
        if type(obj) is dict and not plain_key(index) or type(obj) is list and type(index) is not int:
            return out
        fresh = out * 1.0
        obj[index] = fresh
        if code is None:
            self.memory.leaf_number(fresh)
        else:
            self.entries.op(site, operator.pos, (out,), fresh)
        self.listed.add(self.memory.codes[id(fresh)] >> 2)
        return fresh

    def set_item(self, site: int, value: Any, obj: Any, index: Any, /) -> None:
        if not self.armed:
            obj[index] = value
            return
        cls = type(obj)
        if cls is list or cls is dict or cls is np.ndarray and obj.dtype.hasobject:
            self._set_slot(site, value, obj, index)
        elif isinstance(obj, np.ndarray):
            if is_odd(cls) or obj.dtype.names or obj.dtype.hasobject:
                self._store_unseen(site, value, obj, index, root_of(obj))
            else:
                self._store(site, value, obj, index)
        elif cls is np.flatiter:
            self._store_flat(site, value, obj, index)
        elif cls is memoryview and isinstance(obj.obj, np.ndarray):
            self._store_unseen(site, value, obj, index, obj.obj)
        else:
            obj[index] = value

    def _set_slot(self, site: int, value: Any, obj: Any, index: Any) -> None:
        kind = kind_of(type(value))
        old = None
        if kind:
            try:
                old = peek(obj, index)
                value = self.own(site, value)
            except Exception as error:
                self.broke(site, error)
        elif type(value) in (tuple, list) and 0 < len(value) <= MOST_STATE and kind_of(type(value[0])):
            self._set_several(site, value, obj, index)
            return
        obj[index] = value
        if kind:
            try:
                self.assign(("slot", id(obj), _hashable(index, obj)), site, value, old, obj)
            except Exception as error:
                self.broke(site, error)

    def _set_several(self, site: int, value: Any, obj: Any, index: Any) -> None:
        """A slot takes several values at once, as optimisers keep their moments."""
        old = None
        try:
            old = peek(obj, index)
        except Exception as error:
            self.broke(site, error)
        obj[index] = value
        try:
            self._bind_slots(("slot", id(obj), _hashable(index, obj)), site, value, old, obj)
        except Exception as error:
            self.broke(site, error)

    # arrays

    def _store(self, site: int, value: Any, obj: np.ndarray, index: Any) -> None:
        """``obj[index] = value`` on a numeric array."""
        cls = type(value)
        if not (cls in STORABLE or KINDS.get(cls, 0) or is_storable(value)) or is_odd(cls):
            self._store_unseen(site, value, obj, index, obj)
            return
        dest, code, fancy = NOWHERE, -1, None
        failure = None
        try:
            dest = self._destination(obj, index)
            if dest & 3 == CONST:  # the memory of a known array under another dtype
                self.memory.before_write(self.memory.array_code(root_of(obj)))
            elif dest < 0:
                fancy = self.entries.prepared(site, operator.setitem, (obj, index, value), {}, (obj,))
            else:
                code = self.value_code(site, value)
                self.memory.before_write(dest)
        except Exception as error:
            failure = error
        try:
            obj[index] = value
        except BaseException:
            self.taken_as_it_is(site, obj)
            raise
        try:
            if failure is not None:
                raise failure
            if dest & 3 == CONST:
                self.taken_as_it_is(site, root_of(obj))
            elif fancy is not None:
                self._stored_fancy(site, value, obj, self.tape.append(*fancy))
            elif dest >= 0:
                self._stored(site, dest, code)
            else:
                self.taken_as_it_is(site, root_of(obj))
        except Exception as error:
            self.broke(site, error, obj)

    def _destination(self, obj: np.ndarray, index: Any) -> int:
        """Operand code of the part that ``obj[index] = ...`` writes, `NOWHERE` when it is no view."""
        dest = self.memory.element_code(obj, index)
        if dest >= 0:
            return dest
        whole = self.memory.array_code(obj)
        if whole & 3 != CONST and _is_basic(index):
            view = obj[index]
            return self.memory.array_code(view) if isinstance(view, np.ndarray) else NOWHERE
        return whole if whole & 3 == CONST else NOWHERE

    def _stored(self, site: int, dest: int, code: int) -> None:
        locations = self.locations
        entry = self.entries.store(site, dest, code)
        path = locations.chain(code, dest)
        outside = locations.off_path(path, dest) if path else []
        locations.written(site, entry, dest, path, outside, self.loops.current)

    def _stored_fancy(self, site: int, value: Any, obj: np.ndarray, entry: int) -> None:
        self.entries.work += 1.0
        dest = self.memory.code(obj)
        path = self.locations.chain(self.memory.code(value), dest, fancy=True) if kind_of(type(value)) else None
        outside = self.locations.off_path(path, dest) if path else []
        self.locations.written(site, entry, dest, path, outside, self.loops.current)

    def _store_flat(self, site: int, value: Any, obj: Any, index: Any) -> None:
        """``array.flat[index] = value``: the same as on the flat view, where there is one."""
        array = obj.base
        flat = array.reshape(-1) if array.flags.c_contiguous and not array.dtype.hasobject else None
        if flat is not None and kind_of(type(value)) == NUMBER and self.memory.element_code(flat, index) >= 0:
            self._store(site, value, flat, index)
        else:
            self._store_unseen(site, value, obj, index, array)

    def _store_unseen(self, site: int, value: Any, obj: Any, index: Any, array: np.ndarray) -> None:
        """A store whose effect is taken from the array afterwards."""
        self.about_to_write(site, array)
        try:
            obj[index] = value
        finally:
            self.taken_as_it_is(site, array)

    # augmented assignment

    def aug(self, site: int, opcode: int, location: int, left: Any, right: Any, /) -> Any:
        out = self.augment(site, opcode, left, right)
        return self.bind(site, location, out) if out is not left else out

    def aug_attr(self, site: int, opcode: int, obj: Any, name: str, /) -> Callable[[Any], None]:
        left = getattr(obj, name)

        def finish(right: Any) -> None:
            out = self.augment(site, opcode, left, right)
            if out is left:
                setattr(obj, name, out)
            else:
                self.set_attr(site, out, obj, name)

        return finish

    def aug_item(self, site: int, opcode: int, obj: Any, index: Any, /) -> Callable[[Any], None]:
        left = self.get(site, obj, index)

        def finish(right: Any) -> None:
            if self.armed and type(left) is np.ndarray and type(obj) is np.ndarray and not self._shares(left, obj):
                self.set_item(site, self._augment_copy(site, opcode, left, right), obj, index)
                return
            out = self.augment(site, opcode, left, right)
            if out is left and (type(obj) in CONTAINERS or isinstance(obj, np.ndarray) and self._shares(out, obj)):
                obj[index] = out  # written already: the store changes nothing
            else:
                self.set_item(site, out, obj, index)

        return finish

    def _augment_copy(self, site: int, opcode: int, left: np.ndarray, right: Any) -> Any:
        """A fancy gather is a copy that only this statement knows: on the tape the operation makes a new value."""
        before = left.copy()
        out = IN_PLACE[opcode](left, right)
        if out is left and not left.dtype.hasobject:
            out = left.copy()
            try:
                left[...] = before  # the tape's value of the gather; nobody else holds it
                self.entries.op(site, PLAIN[opcode], (left, right), out)
            except Exception as error:
                self.broke(site, error)
        return out

    def _shares(self, view: Any, array: np.ndarray) -> bool:
        return isinstance(view, np.ndarray) and not array.dtype.hasobject and root_of(view) is root_of(array)


def is_storable(value: Any, depth: int = 0) -> bool:
    """Whether storing the value twice is the same as storing it once: it runs no code of the user's."""
    if isinstance(value, int | np.generic | np.ndarray | complex | float):
        return type(value).__module__ in ("builtins", "numpy") or isinstance(value, np.ndarray)
    if isinstance(value, list | tuple) and depth < 4:
        return all(is_storable(v, depth + 1) for v in value)
    return False


def _is_basic(index: Any) -> bool:
    """Whether the index selects a view: integers, slices, None and Ellipsis only."""
    parts = index if type(index) is tuple else (index,)
    return all(p is None or p is Ellipsis or isinstance(p, BASIC) and type(p) is not bool for p in parts)


def _hashable(index: Any, holder: Any) -> Any:
    if type(index) is int and index < 0 and not isinstance(holder, dict):
        return index + len(holder)
    by_identity = getattr(type(index), "__hash__", None) is object.__hash__
    return index if plain_key(index) or by_identity or isinstance(index, enum.Enum) else f"a key {id(index)}"
