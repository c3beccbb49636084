"""From live objects to operand codes: which storage, which part of it.

Arrays are known by the identity of their root (the array that owns the memory); a view is resolved from its address
when it is *used*, so nothing has to happen when it is made. Numbers are known by identity and held, arrays made on it
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


_ODD: dict[type, bool] = {}
_OWN = (
    "__array_ufunc__", "__array_function__", "__array_wrap__", "__getitem__", "__setitem__",
    "__add__", "__radd__", "__iadd__", "__sub__", "__rsub__", "__isub__", "__mul__", "__rmul__", "__imul__",
    "__truediv__", "__rtruediv__", "__itruediv__", "__matmul__", "__rmatmul__", "__pow__", "__rpow__", "__neg__",
    "__eq__", "__lt__", "__gt__", "sum", "mean", "dot", "max", "min",
)  # fmt: skip


def is_odd(cls: type) -> bool:
    """Whether values of this class compute in their own way: what they do cannot be repeated by NumPy alone.

    So do classes of arrays that change what an operator or a method does, and any class of the user's.
    """
    found = _ODD.get(cls)
    if found is None:
        found = _ODD[cls] = _computes_itself(cls)
    return found


def _computes_itself(cls: type) -> bool:
    if issubclass(cls, np.matrix | np.memmap):
        return False
    if issubclass(cls, np.ndarray):
        return any(getattr(cls, n, None) is not getattr(np.ndarray, n, None) for n in _OWN)
    if cls.__module__ == "builtins" or issubclass(cls, int | str | bytes | type):
        return False
    return not cls.__module__.startswith("numpy")


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


class Unrepeatable(Exception):
    """An operand is an object of the user's: using it again would run the user's code again."""


class _Watch(weakref.ref):  # type: ignore[type-arg]
    __slots__ = ("key",)
    key: int


class Memory:
    """Operand codes of live objects on one tape."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.codes: dict[int, int] = {}  # id of a number or of a root array -> operand code
        self.arrays: dict[int, int] = {}  # id of root -> storage
        self.objects: list[Any] = []  # storage -> the number itself (held: its id stays its own), None for arrays
        self.held: list[Any] = []
        self.watches: dict[int, _Watch] = {}
        self.pristine: dict[int, np.ndarray] = {}  # leaf storages that nothing has written yet
        self.uninitialized: set[int] = set()  # storages from np.empty
        self._drawn: dict[int, weakref.ref[np.ndarray]] = {}  # id of an array that a random generator made
        self._layouts: dict[Any, int] = {}  # (shape, strides in bytes, dtype) -> layout, -1: none
        self._addresses: dict[int, int] = {}  # storage -> address of the root's first element
        self._elements: dict[int, int] = {}  # storage and offset -> operand code of that entry

    # objects to codes

    def code(self, value: Any) -> int:
        """Operand code of any value; floating-point numbers and arrays not seen before become leaves."""
        found = self.codes.get(id(value))
        if found is not None:
            return found
        kind = kind_of(type(value))
        if kind == NUMBER:
            return self.leaf_number(value) * 4  # + SCALAR
        if kind == ARRAY:
            return self.array_code(value)
        if is_odd(type(value)):
            raise Unrepeatable(type(value).__name__)
        return self.tape.constant(int(value) if isinstance(value, np.integer) else value)

    def array_code(self, value: np.ndarray) -> int:
        """Operand code of an array."""
        found = self.codes.get(id(value))
        if found is not None:
            return found
        dtype = value.dtype
        if dtype.hasobject or dtype.names:
            return self.tape.constant(value)
        root = value if value.base is None else root_of(value)
        storage = self.arrays.get(id(root))
        if storage is None:
            if root.dtype.names:
                return self.tape.constant(value.copy())  # a field of a structured array: frozen
            storage = self.leaf_array(root)
        if value is root:
            return self.codes.get(id(root), storage * 4 + WHOLE)
        return self._view_code(storage, root, value)

    def _view_code(self, storage: int, root: np.ndarray, value: np.ndarray) -> int:
        tape = self.tape
        layout = self.layout_of(value)
        kept = tape.layouts[tape.storage_layout[storage]][2]
        start, rest = divmod(address_of(value) - self._address(storage, root), value.itemsize or 1)
        if rest or layout < 0 or not (tape.layouts[layout][2] is kept or tape.layouts[layout][2] == kept):
            return tape.constant(value.copy())  # reinterpreted memory (view of another dtype): frozen
        return tape.view(storage, start, layout)

    def _address(self, storage: int, root: np.ndarray) -> int:
        found = self._addresses.get(storage)
        if found is None:
            found = self._addresses[storage] = address_of(root)
        return found

    def known(self, value: Any) -> bool:
        """Whether the tape has met this number or array (or another view of its memory)."""
        if id(value) in self.codes:
            return True
        return kind_of(type(value)) == ARRAY and id(root_of(value)) in self.arrays

    # entries of arrays

    def element_code(self, array: np.ndarray, index: Any) -> int:
        """Operand code of one entry of an array addressed by integers, -1 when the index is something else."""
        kind = type(index)
        if kind is not tuple:
            if kind is not int and not isinstance(index, np.integer):
                return -1
            index = (index,)
        code = self.codes.get(id(array))
        if code is None:
            code = self.array_code(array)
        tag = code & 3
        tape = self.tape
        if tag == WHOLE:
            storage, offset = code >> 2, 0
            layout = tape.storage_layout[storage]
        elif tag == VIEW:
            storage, offset, layout = tape.views[code >> 2]
        else:
            return -1
        shape, strides, _ = tape.layouts[layout]
        if len(index) != len(shape):
            return -1
        if len(shape) == 2:
            i, j = index
            if type(i) is int and type(j) is int and 0 <= i < shape[0] and 0 <= j < shape[1]:
                offset += i * strides[0] + j * strides[1]
                found = self._elements.get((storage << 40) + offset)
                return self._new_element(storage, offset) if found is None else found
        for i, n, s in zip(index, shape, strides):  # noqa: B905 (as long as each other; a keyword costs a microsecond)
            if type(i) is not int:
                if not isinstance(i, np.integer):
                    return -1
                i = int(i)
            if not -n <= i < n:
                return -1
            offset += (i + n if i < 0 else i) * s
        found = self._elements.get((storage << 40) + offset)
        return self._new_element(storage, offset) if found is None else found

    def _new_element(self, storage: int, offset: int) -> int:
        tape = self.tape
        layout = tape.layout((), (), tape.layouts[tape.storage_layout[storage]][2])
        found = self._elements[(storage << 40) + offset] = tape.view(storage, offset, layout)
        return found

    # storages

    def layout_of(self, array: np.ndarray) -> int:
        """The layout of an array, -1 when its strides are no multiples of its itemsize."""
        key = (array.shape, array.strides, array.dtype)
        found = self._layouts.get(key)
        if found is None:
            size = array.itemsize or 1
            shape, strides, dtype = key
            whole = not any(s % size for s in strides)
            found = self.tape.layout(shape, tuple(s // size for s in strides), dtype) if whole else -1
            self._layouts[key] = found
        return found

    def leaf_number(self, value: Any, born: int = -1) -> int:
        """A storage for a number; a leaf unless an entry made it."""
        storage = self.tape.new_storage(-1, born)
        self.codes[id(value)] = storage * 4
        self.objects.append(value)
        if born < 0:
            self.tape.leaves[storage] = value
        return storage

    def leaf_array(self, root: np.ndarray) -> int:
        """A leaf storage for an array that existed before its first use.

        The array is held until it is written to, but where the script could see that: there its value is copied.
        """
        storage = self.tape.new_storage(self._root_layout(root), -1)
        self.objects.append(None)
        if self._end_is_seen(root):
            self.tape.leaves[storage] = np.array(root, order="K")
            self._watch(root, storage)
        else:
            self.arrays[id(root)] = storage
            self.codes[id(root)] = storage * 4 + WHOLE
            self.tape.leaves[storage] = self.pristine[storage] = root
        if id(root) in self._drawn:
            self.tape.drawn.add(storage)
        return storage

    def _end_is_seen(self, root: np.ndarray) -> bool:
        """Whether something of the script's happens when the array is gone: its own `__del__`, or a weak reference."""
        ours = id(root) in self._drawn
        return weakref.getweakrefcount(root) > ours or type(root) is not np.ndarray and hasattr(root, "__del__")

    def note_drawn(self, array: np.ndarray) -> None:
        """A random generator made this array: its rows are in no order."""
        root = root_of(array)
        key = id(root)
        self._drawn[key] = weakref.ref(root, lambda _: self._drawn.pop(key, None))

    def _root_layout(self, root: np.ndarray) -> int:
        layout = self.layout_of(root)
        if layout < 0:
            raise ValueError("memory that is no whole number of elements apart")
        return layout

    def result_code(self, value: Any, entry: int) -> int:
        """Operand code of a fresh result of ``entry``; -1 when it is no new memory (a view of something known).

        Several results of one entry may be views of one array, as those of `np.nonzero` are.
        """
        if id(value) in self.codes:
            return -1
        kind = kind_of(type(value))
        if kind == NUMBER:
            return self.leaf_number(value, entry) * 4 + SCALAR
        if kind != ARRAY:
            return -1
        if type(value) is np.ndarray and value.base is None:
            return self.new_array(value, entry)
        dtype = value.dtype
        if dtype.hasobject or dtype.names:
            return -1
        root = value if value.base is None else root_of(value)
        if root.dtype.names:
            return -1
        known = self.arrays.get(id(root))
        if known is not None:
            return self._view_code(known, root, value) if self.tape.storage_born[known] == entry else -1
        storage = self.tape.new_storage(self._root_layout(root), entry)
        self.objects.append(None)
        self._watch(root, storage)
        return storage * 4 + WHOLE if value is root else self._view_code(storage, root, value)

    def new_array(self, value: np.ndarray, entry: int) -> int:
        """Operand code of a plain array that ``entry`` made and that owns its memory; -1 for one of objects."""
        layout = self._layouts.get((value.shape, value.strides, value.dtype))
        if layout is None:
            if value.dtype.hasobject or value.dtype.names:
                return -1
            layout = self._root_layout(value)
        tape, key = self.tape, id(value)
        storage = len(tape.storage_born)
        tape.storage_layout.append(layout)
        tape.storage_born.append(entry)
        self.objects.append(None)
        self.arrays[key] = storage
        code = self.codes[key] = storage * 4 + WHOLE
        watch = self.watches[key] = _Watch(value, self._forget)
        watch.key = key
        return code

    def _watch(self, root: np.ndarray, storage: int) -> None:
        key = id(root)
        self.arrays[key] = storage
        self.codes[key] = storage * 4 + WHOLE
        watch = _Watch(root, self._forget)
        watch.key = key
        self.watches[key] = watch

    def _forget(self, watch: _Watch) -> None:
        key = watch.key
        if self.watches.get(key) is watch:
            del self.watches[key]
            self.arrays.pop(key, None)
            self.codes.pop(key, None)

    # what happens to arrays

    def release(self, root: np.ndarray) -> None:
        """Forget an array whose memory is about to be another one (``resize``): its next use makes a leaf of it."""
        key = id(root)
        code = self.codes.get(key)
        if code is not None:
            self.before_write(code)
            self.watches.pop(key, None)
            self.arrays.pop(key, None)
            self.codes.pop(key, None)

    def reshaped(self, root: np.ndarray) -> None:
        """The shape or the strides of a known root array were set: from now on it is a view of what it was."""
        storage = self.arrays.get(id(root))
        if storage is not None:
            self.codes[id(root)] = self._view_code(storage, root, root)

    def before_write(self, code: int) -> None:
        """Must precede each in-place write: a leaf keeps the value that it had."""
        if not self.pristine:
            return
        tag = code & 3
        if tag == CONST:
            return
        storage = self.tape.views[code >> 2][0] if tag == VIEW else code >> 2
        root = self.pristine.pop(storage, None)
        if root is not None:
            self.tape.leaves[storage] = np.array(root, order="K")
            known = self.codes[id(root)]
            self._watch(root, storage)
            self.codes[id(root)] = known  # its shape may have been set meanwhile

    def live(self, storage: int) -> np.ndarray | None:
        """The root array of a storage that is still alive, else None."""
        root = self.pristine.get(storage)
        if root is not None:
            return root
        for key, watch in self.watches.items():
            if self.arrays.get(key) == storage:
                return watch()
        return None
