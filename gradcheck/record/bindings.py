"""What names, attributes and slots of lists hold: which numbers are one, and which assignments are updates."""

from __future__ import annotations

import operator
import weakref
from typing import Any

import numpy as np

from .core import Core
from .events import Location
from .memory import _KINDS as KINDS
from .memory import ARRAY, NUMBER, kind_of

MOST_LISTED = 1024
CONTAINERS = frozenset((list, dict, tuple))
KEYS = frozenset((int, str, bytes, bool, float, type(None)))


class Bindings(Core):
    """The taps of names and attributes."""

    def bind(self, site: int, location: int, value: Any, /) -> Any:
        if not self.armed:
            return value
        cls = type(value)
        kind = KINDS.get(cls, -1)
        if kind or cls is list or cls is dict or issubclass(cls, tuple):
            try:
                return self._bound(site, location, value, kind if kind >= 0 else kind_of(cls))
            except Exception as error:
                self.broke(site, error)
        return value

    def _bound(self, site: int, location: int, value: Any, kind: int) -> Any:
        key = ("name", location)
        if kind == NUMBER:
            value = self.own(site, value)
            self.assign(key, site, value, None, None)
        elif kind == ARRAY:
            if value.dtype.hasobject:
                items = list(value.ravel())
                self._bind_slots(key, site, items, self.bound.get(location))
                self.bound[location] = items
            else:
                self.assign(key, site, value, None, None)
        elif is_plain_container(type(value)):
            self._bind_container(key, location, site, value)
        return value

    def _bind_container(self, location: Location, key: Any, site: int, value: Any, owner: Any = None) -> None:
        if len(value) <= MOST_LISTED:
            if type(value) is list:
                self.entries_of_list(site, value)
            if self._bind_slots(location, site, value, self.bound.get(key), owner):
                self.bound[key] = value

    def _bind_slots(self, location: Location, site: int, new: Any, old: Any, owner: Any = None, depth: int = 0) -> bool:
        """A list, tuple or dict takes the place of another: each slot is a location. False if it holds no number."""
        found = False
        fields = getattr(new, "_fields", None)
        items = new.items() if isinstance(new, dict) else enumerate(new)
        for index, value in items:
            before = peek(old, index) if type(old) is type(new) else None
            index = f".{fields[index]}" if fields else index
            if kind_of(type(value)):
                found = True
                if before is not None:
                    self.assign((*location, index), site, value, before, owner if owner is not None else new)
            elif is_plain_container(type(value)) and depth < 3 and len(value) <= MOST_LISTED:
                found = self._bind_slots((*location, index), site, value, before, owner, depth + 1) or found
        return found

    def own(self, site: int, value: Any) -> Any:
        """A number that no entry has made gets an object of its own, so that two locations never share a leaf.

        Not nan, which people test for by identity.
        """
        cls = type(value)
        if (cls is not float and cls is not np.float64) or value != value:
            return value
        code = self.memory.codes.get(id(value))
        if code is not None and self.tape.storage_born[code >> 2] >= 0:
            return value
        fresh = value * 1.0 if cls is float else np.float64(float(value))
        self.entries.op(site, operator.pos, (value,), fresh)
        return fresh

    def entries_of_list(self, site: int, values: list[Any]) -> None:
        """Numbers in a list that no entry made get objects of their own: a literal is one object wherever it stands."""
        if len(values) > MOST_LISTED:
            return
        codes, born = self.memory.codes, self.tape.storage_born
        for i, value in enumerate(values):
            cls = type(value)
            if cls is list:
                self.entries_of_list(site, value)
            elif cls is float and value == value:
                code = codes.get(id(value))
                if code is None:
                    values[i] = fresh = value * 1.0
                    self.memory.leaf_number(fresh)
                elif born[code >> 2] < 0 and code >> 2 not in self.listed:
                    values[i] = fresh = value * 1.0
                    self.entries.op(site, operator.pos, (value,), fresh)
                else:
                    continue
                self.listed.add(codes[id(fresh)] >> 2)

    def assign(self, location: Location, site: int, value: Any, old: Any, holder: Any) -> None:
        """A location takes a value; ``old`` is what it held, where that can be seen."""
        if not kind_of(type(value)) or (isinstance(value, np.ndarray) and value.dtype.hasobject):
            return
        memory = self.memory
        before = memory.code(old) if old is not None and kind_of(type(old)) else -1
        update = self.locations.assign(location, site, memory.code(value), self.loops.current, before, holder)
        if update is not None:
            memory.held.append(update.kept)

    def value_code(self, site: int, value: Any) -> int:
        """Operand code of a value to be stored; nested lists become an array on the tape."""
        if isinstance(value, list | tuple):
            made = np.array(value)
            self.entries.run(site, np.array, (value,), {}, made)
            self.memory.held.append(made)
            return self.memory.code(made)
        return self.memory.code(value)

    # attributes

    def set_attr(self, site: int, value: Any, obj: Any, name: str, /) -> None:
        if not self.armed:
            setattr(obj, name, value)
            return
        old = None
        cls = type(value)
        kind = kind_of(cls)
        try:
            if kind:
                old = _attributes(obj).get(name)
                if kind == NUMBER:
                    value = self.own(site, value)
            if isinstance(obj, np.ndarray):
                self._before_array_attribute(obj, name)
        except Exception as error:
            self.broke(site, error)
        setattr(obj, name, value)
        try:
            if isinstance(obj, np.ndarray):
                self._array_attribute(site, obj, name)
            elif is_plain_container(cls):
                number = self._number_of(obj)
                self._bind_container(("attribute", number, name), (number, name), site, value, obj)
            elif kind:
                self.assign(("attribute", self._number_of(obj), name), site, value, old, obj)
        except Exception as error:
            self.broke(site, error)

    def _number_of(self, obj: Any) -> int:
        """A number that no other object has had; holding the object would change when it dies."""
        found = self.numbered.get(id(obj))
        if found is not None and found[0]() is obj:
            return found[1]
        try:
            number = next(self.unused)
            self.numbered[id(obj)] = (weakref.ref(obj), number)
        except TypeError:
            return id(obj)
        return number

    def _before_array_attribute(self, array: np.ndarray, name: str) -> None:
        if name == "dtype" and array.base is None:
            self.memory.release(array)
        elif name in ("shape", "strides", "flat", "real", "imag") and self.memory.known(array):
            self.memory.before_write(self.memory.array_code(array))

    def _array_attribute(self, site: int, array: np.ndarray, name: str) -> None:
        if name in ("shape", "strides") and array.base is None:
            self.memory.reshaped(array)
        elif name in ("flat", "real", "imag") and self.memory.known(array):
            self.entries.set_constant(site, array)


def _attributes(obj: Any) -> dict[str, Any]:
    """The instance's own dictionary, without running any code of the user's."""
    try:
        found = object.__getattribute__(obj, "__dict__")
    except (AttributeError, TypeError):
        return {}
    return found if type(found) is dict else {}


def is_plain_container(cls: type) -> bool:
    """Whether this is list, dict, tuple or a named tuple, which can be looked through without running other code."""
    return cls in CONTAINERS or (issubclass(cls, tuple) and hasattr(cls, "_fields") and cls.__iter__ is tuple.__iter__)


def peek(container: Any, index: Any) -> Any:
    """``container[index]`` of a plain list, dict, tuple or array of objects, None where that would run other code."""
    cls = type(container)
    try:
        if cls is dict:
            return container.get(index) if plain_key(index) else None
        if cls is list or issubclass(cls, tuple) and is_plain_container(cls):
            return container[index] if type(index) is int else None
        if cls is np.ndarray:
            return container[index]
    except Exception:
        return None
    return None


def plain_key(index: Any) -> bool:
    """Whether hashing and comparing the key runs no code of the user's."""
    return type(index) in KEYS or isinstance(index, np.integer) or (type(index) is tuple and all(map(plain_key, index)))
