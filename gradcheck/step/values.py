"""Values of operands that depend on leaves through few operations: indices, and arrays before they were shuffled."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..tape import CONST, VIEW, WHOLE, Tape, rebuild

MOST_REPEATS = 2000
DEEPEST = 60
NONE = np.zeros(0, np.int64)
_UNKNOWN = object()
_NEWAXIS = ("a new axis",)


class Values:
    """Makes values again, on demand, outside of any replay. ``writers`` holds the entries that write each storage."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.writers = _writers(tape)
        self._known: dict[tuple[int, int], Any] = {}
        self._repeats = 0
        self._depth = 0

    def version(self, storage: int, time: float) -> int:
        """How many writes the storage has seen before ``time``."""
        return int(np.searchsorted(self.writers.get(storage, NONE), time))

    def of(self, code: int, time: int) -> Any:
        """The value of an operand as the entry at ``time`` reads it; None where it cannot be made again."""
        if code & 3 == CONST:
            return self.tape.constants[code >> 2]
        storage = self.tape.storage_of(code)
        version = self.version(storage, time)
        key = (storage, version)
        if key not in self._known:
            self._known[key] = None
            if self._depth <= DEEPEST:
                self._depth += 1
                try:
                    self._known[key] = self._made(storage, version)
                finally:
                    self._depth -= 1
        root = self._known[key]
        return root if root is None or code & 3 != VIEW else self._part(root, code)

    # arguments: trees of operand codes

    def plain(self, value: Any) -> Any:
        """A constant argument's value: arguments are operand codes."""
        if type(value) is int and value & 3 == CONST:
            return self.tape.constants[value >> 2]
        return value if value is None or isinstance(value, bool) else _UNKNOWN if isinstance(value, int) else value

    def index(self, index: Any, entry: int) -> Any:
        """An index with its operand codes replaced by values; None where one is not known."""
        if isinstance(index, tuple):
            parts = [self.index(i, entry) for i in index]
            return None if any(p is None for p in parts) else tuple(parts)
        if isinstance(index, slice):
            ends = [None if e is None else self.index(e, entry) for e in (index.start, index.stop, index.step)]
            return slice(*(None if e is _NEWAXIS else e for e in ends))
        if isinstance(index, list):
            values = [self.index(i, entry) for i in index]
            return None if any(v is None for v in values) else values
        if isinstance(index, int):
            value = self.of(index, entry)
            return _NEWAXIS if value is None and index & 3 == CONST else value
        return None

    def picks(self, index: Any, entry: int) -> tuple[Any, ...] | None:
        """An index as a tuple of its parts; None where one is not known."""
        found = self.index(index, entry)
        if found is None:
            return None
        parts = found if isinstance(found, tuple) and found is not _NEWAXIS else (found,)
        return tuple(None if p is _NEWAXIS else p for p in parts)

    def _part(self, root: np.ndarray, code: int) -> Any:
        """The view of an operand code on its root array."""
        storage, offset, layout = self.tape.views[code >> 2]
        shape, strides, _ = self.tape.layouts[layout]
        if not root.size or any(s < 0 for s in (*strides, *self._strides(storage))):
            return None
        flat = root.reshape(-1) if root.flags.c_contiguous else root.T.reshape(-1)
        if not np.shares_memory(flat, root):
            return None
        return np.lib.stride_tricks.as_strided(flat[offset:], shape, [s * root.itemsize for s in strides])

    def _strides(self, storage: int) -> tuple[int, ...]:
        return self.tape.layouts[self.tape.storage_layout[storage]][1]

    def _made(self, storage: int, version: int) -> Any:
        born = self.tape.storage_born[storage]
        value = self.tape.leaves.get(storage) if born < 0 else self._repeated(born)
        if version and isinstance(value, np.ndarray):
            value = np.array(value, order="K")
        if isinstance(value, np.ndarray):
            if value.strides != tuple(s * value.itemsize for s in self._strides(storage)):
                return None
        for entry in self.writers.get(storage, NONE)[:version]:
            if value is None or not self._written(value, int(entry)):
                return None
        return value

    def _written(self, root: np.ndarray, entry: int) -> bool:
        """Write what an entry wrote; False where that is not known."""
        template, inputs, _ = self.tape.entry(entry)
        dest = root if inputs[0] & 3 == WHOLE else self._part(root, inputs[0]) if inputs[0] & 3 == VIEW else None
        if template.fn is operator.setitem and template.kind == "call" and dest is not None:
            return self._set(dest, template.structure, list(inputs), entry)
        if template.kind not in ("store", "set", "inplace") or dest is None:
            return False
        value = self.of(inputs[1], entry)
        if value is None:
            return False
        with np.errstate(all="ignore"):
            if template.kind == "inplace":
                template.fn(dest, value)  # type: ignore[misc]
            else:
                dest[...] = value
        return True

    def _set(self, dest: np.ndarray, structure: Any, inputs: list[int], entry: int) -> bool:
        """``dest[index] = value``."""
        values = [dest, *(self.of(c, entry) for c in inputs[1:])]
        if any(v is None and c & 3 != CONST for v, c in zip(values, inputs, strict=True)):
            return False
        args = values if structure is None else rebuild(structure, iter(values))[0]
        operator.setitem(*args)
        return True

    def _repeated(self, entry: int) -> Any:
        """The result of an entry, made again."""
        template, inputs, outputs = self.tape.entry(entry)
        self._repeats += 1
        if template.kind not in ("op", "create", "element") or template.several or len(outputs) != 1:
            return None
        if self._repeats > MOST_REPEATS:
            return None
        values = [self.of(c, entry) for c in inputs]
        if any(v is None and c & 3 != CONST for v, c in zip(values, inputs, strict=True)):
            return None
        if template.kind == "element":
            return values[0][()]
        args, kwargs = template.arguments(values)
        try:
            with np.errstate(all="ignore"):
                return template.fn(*args, **kwargs)  # type: ignore[misc]
        except Exception:  # the user's own operation: what it made is not known then
            return None


def _writers(tape: Tape) -> dict[int, np.ndarray]:
    """The entries that write each storage, in order."""
    ids = np.array(tape.entry_template, np.int32)
    writing = np.array([bool(t.writes) for t in tape.templates], bool)
    found: dict[int, list[int]] = {}
    for number in np.flatnonzero(writing[ids]) if writing.any() else ():
        template = tape.templates[ids[number]]
        for place in template.writes:
            storage = tape.storage_of(tape.operands[tape.entry_start[number] + place])
            listed = found.setdefault(storage, [])
            if not listed or listed[-1] != number:
                listed.append(int(number))
    return {s: np.array(entries) for s, entries in found.items()}


def allocated(tape: Tape) -> np.ndarray:
    """For each storage the entry before which it was met: that of the next storage that an entry made."""
    born = np.array(tape.storage_born, np.int64)
    born = np.where(born < 0, len(tape), born)
    return np.minimum.accumulate(born[::-1])[::-1]
