"""Forward replay: every value of a tape, made again.

Native replay repeats the recorded run to the bit. Promoted replay does the same arithmetic in float64, whatever the
script's dtype. Offsets and strides are in elements, so both use the same tape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..tape import CONST, SCALAR, VIEW, WHOLE, Tape, rebuild

_NARROW = (np.dtype(np.float32), np.dtype(np.float16))
_NARROW_NAMES = {np.float32: np.float64, np.float16: np.float64, "float32": "float64", "float16": "float64", "f4": "f8", "f": "d"}


class ReplayError(Exception):
    """The tape cannot be replayed at these values: a result has another shape, or Python raised."""

    def __init__(self, entry: int, message: str) -> None:
        super().__init__(message)
        self.entry = entry


class GuardFlip(ReplayError):
    """At these values the script would have taken another branch, or another index."""


class State:
    """Values of storages during a replay: numbers, root arrays and the flat memory under them."""

    __slots__ = ("cache", "flats", "values")

    def __init__(self, values: dict[int, Any], flats: dict[int, np.ndarray]) -> None:
        self.values = values
        self.flats = flats
        self.cache: dict[int, np.ndarray] = {}

    def fork(self, written: Iterable[int]) -> State:
        """A copy whose arrays may be written where ``written`` says so; the others are shared."""
        other = State(dict(self.values), dict(self.flats))
        for storage in written:
            flat = self.flats.get(storage)
            if flat is not None:
                copy = flat.copy()
                root = self.values[storage]
                other.flats[storage] = copy
                other.values[storage] = _over(copy, root.shape, root.strides, _offset(root, flat))
        return other


def _offset(root: np.ndarray, flat: np.ndarray) -> int:
    if root.size == 0:
        return 0
    return int(root.__array_interface__["data"][0] - flat.__array_interface__["data"][0])


def _over(flat: np.ndarray, shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> np.ndarray:
    return np.ndarray(shape, flat.dtype, flat, offset, strides)


class Replay:
    """Runs entries of one tape on a state."""

    def __init__(self, tape: Tape, promote: bool = False) -> None:
        self.tape = tape
        self.promote = promote
        self.constants = [_promoted(c) for c in tape.constants] if promote else tape.constants
        self.watch: Callable[[int, State], None] | None = None
        self.replaced: dict[int, int] = {}  # entry -> position of an operand that counts as zero
        self.guarded = False  # raise GuardFlip where a recorded decision would fall differently

    def without(self, guards: dict[int, int]) -> Replay:
        """A replay of the same tape in which these operands (entry -> position) are zero."""
        other = Replay(self.tape, self.promote)
        other.replaced = guards
        return other

    def start(self) -> State:
        """A state that holds the leaves, made on demand."""
        return State({}, {})

    # memory

    def dtype(self, layout: int) -> Any:
        """dtype of a layout in this replay."""
        dtype = self.tape.layouts[layout][2]
        return np.dtype(np.float64) if self.promote and dtype in _NARROW else dtype

    def _allocate(self, layout: int) -> tuple[np.ndarray, np.ndarray]:
        """Flat memory and the root array over it."""
        shape, strides, _ = self.tape.layouts[layout]
        dtype = self.dtype(layout)
        below = sum(-(n - 1) * s for n, s in zip(shape, strides, strict=True) if s < 0 and n)
        above = sum((n - 1) * s for n, s in zip(shape, strides, strict=True) if s > 0 and n)
        flat = np.zeros(below + above + 1 if 0 not in shape else 0, dtype)
        size = dtype.itemsize
        return flat, np.ndarray(shape, dtype, flat, below * size, tuple(s * size for s in strides)) if flat.size else np.zeros(shape, dtype)

    def put(self, state: State, storage: int, value: Any) -> None:
        """The storage's root array (or number) becomes a copy of ``value``."""
        layout = self.tape.storage_layout[storage]
        if layout < 0:
            state.values[storage] = np.float64(value) if self.promote and type(value) in (np.float32, np.float16) else value
            return
        flat, root = self._allocate(layout)
        root[...] = value
        state.values[storage], state.flats[storage] = root, flat

    def _adopt(self, state: State, storage: int, value: np.ndarray) -> None:
        """As `put`, but a fresh array of the right layout is taken as it is."""
        layout = self.tape.storage_layout[storage]
        shape, strides, _ = self.tape.layouts[layout]
        dtype = self.dtype(layout)
        size = dtype.itemsize
        if type(value) is np.ndarray and value.base is None and value.dtype == dtype and value.shape == shape:
            if value.strides == tuple(s * size for s in strides):
                flat = value.ravel(order="K")
                if flat.base is not None or value.size == 0:
                    state.values[storage], state.flats[storage] = value, flat
                    return
        if np.shape(value) != shape:
            raise ReplayError(-1, f"a result has shape {np.shape(value)} where the run had {shape}")
        self.put(state, storage, value)

    def load(self, state: State, code: int) -> Any:
        """The value of an operand."""
        tag = code & 3
        index = code >> 2
        if tag == CONST:
            return self.constants[index]
        if tag == VIEW:
            found = state.cache.get(index)
            if found is None:
                found = self._view(state, index)
            return found
        found = state.values.get(index)
        return self._leaf(state, index) if found is None else found

    def _view(self, state: State, index: int) -> np.ndarray:
        storage, offset, layout = self.tape.views[index]
        if storage not in state.flats:
            self._leaf(state, storage)
        flat = state.flats[storage]
        shape, strides, _ = self.tape.layouts[layout]
        size = flat.itemsize
        base = self._base(storage)
        found = state.cache[index] = np.ndarray(
            shape, flat.dtype, flat, (offset + base) * size if 0 not in shape else 0, tuple(s * size for s in strides)
        )
        return found

    def _base(self, storage: int) -> int:
        """Where the root's first element lies in the flat memory (roots with negative strides begin at its end)."""
        shape, strides, _ = self.tape.layouts[self.tape.storage_layout[storage]]
        return sum(-(n - 1) * s for n, s in zip(shape, strides, strict=True) if s < 0 and n)

    def _leaf(self, state: State, storage: int) -> Any:
        if storage not in self.tape.leaves:
            raise ReplayError(self.tape.storage_born[storage], "a value is read that this replay has not made")
        self.put(state, storage, self.tape.leaves[storage])
        return state.values[storage]

    # execution

    def run(self, state: State, entries: Iterable[int]) -> None:
        """Execute the entries in order. Raises `ReplayError` where one fails."""
        tape = self.tape
        templates, ids, starts, operands = tape.templates, tape.entry_template, tape.entry_start, tape.operands
        load, watch, replaced = self.load, self.watch, self.replaced
        number = -1
        try:
            with np.errstate(all="ignore"):
                for number in entries:
                    template = templates[ids[number]]
                    start = starts[number]
                    kind = template.kind
                    if kind == "element":
                        state.values[operands[start + 1] >> 2] = load(state, operands[start])[()]
                    elif kind == "op" and template.structure is None:
                        args = [load(state, operands[i]) for i in range(start, start + template.inputs)]
                        if number in replaced:
                            args[replaced[number]] = 0.0
                        self._result(state, operands[start + template.inputs], self._fn(template.fn)(*args))
                    else:
                        self._other(state, number)
                    if watch is not None:
                        watch(number, state)
        except ReplayError as error:
            raise type(error)(number, str(error)) from None
        except Exception as error:  # the user's own operation at values it was not made for
            raise ReplayError(number, f"{type(error).__name__}: {error}") from error

    def _fn(self, fn: Any) -> Any:
        return _NARROW_NAMES.get(fn, fn) if self.promote and fn in (np.float32, np.float16) else fn

    def _other(self, state: State, number: int) -> None:
        template, inputs, outputs = self.tape.entry(number)
        kind = template.kind
        if kind == "guard":
            if self.guarded:
                self._guard(state, template.fn, inputs)
        elif kind in ("store", "set"):
            self.load(state, inputs[0])[...] = self.load(state, inputs[1])
        elif kind == "inplace":
            template.fn(self.load(state, inputs[0]), self.load(state, inputs[1]))  # type: ignore[misc]
        elif kind == "opaque":
            for code in outputs:
                if code & 3 != CONST:
                    storage = self.tape.storage_of(code)
                    self.put(state, storage, self.tape.leaves[storage])
        else:
            args, kwargs = self.arguments(state, number)
            out = self._fn(template.fn)(*args, **kwargs)
            if kind == "call":
                return
            for code, value in zip(outputs, out if template.several else (out,), strict=True):
                if code & 3 != CONST:
                    self._result(state, code, value)

    def _guard(self, state: State, fn: Any, inputs: Any) -> None:
        expected = self.load(state, inputs[-1])
        if fn(*(self.load(state, c) for c in inputs[:-1])) != expected:
            raise GuardFlip(-1, "the script would have taken another branch here")

    def arguments(self, state: State, number: int) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments of an entry's function, from the state."""
        template, inputs, _ = self.tape.entry(number)
        values = (self.load(state, code) for code in inputs)
        if template.structure is None:
            return list(values), {}
        tree = rebuild(template.structure, values)
        return tree[0], (tree[1] if len(tree) > 1 else {})

    def _result(self, state: State, code: int, value: Any) -> None:
        tag = code & 3
        storage = code >> 2
        if tag == SCALAR:
            state.values[storage] = value if not isinstance(value, np.ndarray) else value[()]
            if self.promote and type(value) in (np.float32, np.float16):
                state.values[storage] = np.float64(value)
        elif tag == WHOLE:
            self._adopt(state, storage, value)
        elif tag == VIEW:
            storage, _, layout = self.tape.views[storage]
            flat, root = self._allocate(self.tape.storage_layout[storage])
            state.values[storage], state.flats[storage] = root, flat
            self.load(state, code)[...] = value


def _promoted(value: Any) -> Any:
    """A constant as the float64 replay needs it: narrow dtypes become float64."""
    try:
        if isinstance(value, np.dtype):
            return np.dtype(np.float64) if value in _NARROW else value
        return _NARROW_NAMES.get(value, value)
    except TypeError:
        return value
