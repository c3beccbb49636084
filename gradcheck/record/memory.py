"""From live objects to operand codes: which storage, which part of it.

Arrays are known by the identity of their root (the array that owns the memory); a view is resolved from its address when
it is *used*, so nothing has to happen when it is made. Numbers are known by identity and held, arrays made on the tape
are held weakly, arrays that existed before are leaves: held, and copied just before their first write.
"""

from __future__ import annotations

import ctypes
import sys
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tape import CONST, SCALAR, VIEW, WHOLE, Tape

NUMBER, ARRAY, OTHER = 1, 2, 0

_KINDS: dict[type, int] = {float: NUMBER, np.float64: NUMBER, np.float32: NUMBER, np.float16: NUMBER, np.ndarray: ARRAY}
if np.longdouble is not np.float64:
    _KINDS[np.longdouble] = NUMBER


def kind_of(cls: type) -> int:
    """NUMBER for floating-point numbers, ARRAY for arrays and their subclasses, OTHER for everything else."""
    found = _KINDS.get(cls)
    if found is None:
        found = _KINDS[cls] = ARRAY if issubclass(cls, np.ndarray) else OTHER
    return found


def _address_by_interface(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


def _fast_address() -> Callable[[np.ndarray], int]:
    """Reads the data pointer out of the array object where that is known to work: five times cheaper."""
    offset = object.__basicsize__
    read = ctypes.c_size_t.from_address

    def address(array: np.ndarray) -> int:
        return read(id(array) + offset).value

    if sys.implementation.name != "cpython":
        return _address_by_interface
    probe = np.arange(12.0).reshape(3, 4)
    views = (probe, probe[1], probe[:, 2], probe.T[1:])
    return address if all(address(v) == _address_by_interface(v) for v in views) else _address_by_interface


address_of = _fast_address()


def root_of(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory; the last array where the chain ends in something else."""
    base = array.base
    while base is not None:
        if isinstance(base, np.ndarray):
            array = base
            base = array.base
        else:
            base = getattr(base, "base", None)  # as_strided keeps its array behind an object of its own
    return array


class _Watch(weakref.ref):  # type: ignore[type-arg]
    __slots__ = ("key",)
    key: int


class Memory:
    """Operand codes of live objects on one tape."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.arrays: dict[int, int] = {}  # id of root -> storage
        self.numbers: dict[int, int] = {}  # id of number -> storage
        self.objects: list[Any] = []  # storage -> the number itself (held, so that its id stays its own), None for arrays
        self.held: list[Any] = []
        self.watches: dict[int, _Watch] = {}
        self.pristine: dict[int, np.ndarray] = {}  # leaf storages that nothing has written yet
        self.uninitialized: set[int] = set()  # storages from np.empty

    # objects to codes

    def code(self, value: Any) -> int:
        """Operand code of any value; floating-point numbers and arrays not seen before become leaves."""
        kind = _KINDS.get(type(value))
        if kind is None:
            kind = kind_of(type(value))
        if kind == NUMBER:
            storage = self.numbers.get(id(value))
            return (self.leaf_number(value) if storage is None else storage) * 4  # + SCALAR
        if kind == ARRAY:
            return self.array_code(value)
        return self.tape.constant(int(value) if isinstance(value, np.integer) else value)

    def array_code(self, value: np.ndarray) -> int:
        """Operand code of an array."""
        if value.dtype.hasobject or value.dtype.names:
            return self.tape.constant(value)
        root = value if value.base is None else root_of(value)
        storage = self.arrays.get(id(root))
        if storage is None:
            storage = self.leaf_array(root)
        if value is root:
            return storage * 4 + WHOLE
        return self._view_code(storage, root, value)

    def _view_code(self, storage: int, root: np.ndarray, value: np.ndarray) -> int:
        size = value.itemsize
        start, rest = divmod(address_of(value) - address_of(root), size)
        strides = value.strides
        if rest or value.dtype != root.dtype or any(s % size for s in strides):
            return self.tape.constant(value.copy())  # reinterpreted memory (view of another dtype): frozen
        layout = self.tape.layout(value.shape, tuple(s // size for s in strides), value.dtype)
        return self.tape.view(storage, start, layout)

    def known(self, value: Any) -> bool:
        """Whether the tape has met this number or array (or another view of its memory)."""
        kind = kind_of(type(value))
        if kind == NUMBER:
            return id(value) in self.numbers
        return kind == ARRAY and id(root_of(value)) in self.arrays

    # storages

    def _layout(self, root: np.ndarray) -> int:
        size = root.itemsize or 1
        return self.tape.layout(root.shape, tuple(s // size for s in root.strides), root.dtype)

    def leaf_number(self, value: Any, born: int = -1) -> int:
        """A storage for a number; a leaf unless an entry made it."""
        storage = self.tape.new_storage(-1, born)
        self.numbers[id(value)] = storage
        self.objects.append(value)
        if born < 0:
            self.tape.leaves[storage] = value
        return storage

    def leaf_array(self, root: np.ndarray) -> int:
        """A leaf storage for an array that existed before its first use."""
        storage = self.tape.new_storage(self._layout(root), -1)
        self.objects.append(None)
        self.arrays[id(root)] = storage
        self.tape.leaves[storage] = self.pristine[storage] = root
        return storage

    def result_code(self, value: Any, entry: int) -> int:
        """Operand code of a fresh result of ``entry``; -1 when it is no new memory (a view of something known)."""
        kind = kind_of(type(value))
        if kind == NUMBER:
            return -1 if id(value) in self.numbers else self.leaf_number(value, entry) * 4 + SCALAR
        if kind != ARRAY or value.dtype.hasobject or value.dtype.names:
            return -1
        root = value if value.base is None else root_of(value)
        if id(root) in self.arrays:
            return -1
        storage = self.tape.new_storage(self._layout(root), entry)
        self.objects.append(None)
        self._watch(root, storage)
        return storage * 4 + WHOLE if value is root else self._view_code(storage, root, value)

    def _watch(self, root: np.ndarray, storage: int) -> None:
        key = id(root)
        self.arrays[key] = storage
        watch = _Watch(root, self._forget)
        watch.key = key
        self.watches[key] = watch

    def _forget(self, watch: _Watch) -> None:
        if self.watches.get(watch.key) is watch:
            del self.watches[watch.key]
            self.arrays.pop(watch.key, None)

    def before_write(self, code: int) -> None:
        """Must precede each in-place write: a leaf keeps the value that it had."""
        if not self.pristine:
            return
        tag = code & 3
        storage = self.tape.views[code >> 2][0] if tag == VIEW else code >> 2
        if tag == CONST:
            return
        root = self.pristine.pop(storage, None)
        if root is not None:
            self.tape.leaves[storage] = root.copy(order="K")
            self._watch_again(root, storage)

    def _watch_again(self, root: np.ndarray, storage: int) -> None:
        self.arrays.pop(id(root), None)
        self._watch(root, storage)

    def live(self, storage: int) -> np.ndarray | None:
        """The root array of a storage that is still alive, else None."""
        root = self.pristine.get(storage)
        if root is not None:
            return root
        for key, watch in self.watches.items():
            if self.arrays.get(key) == storage:
                return watch()
        return None
