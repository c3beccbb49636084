"""Forward replay: every value of a tape, made again.

Native replay repeats the recorded run to the bit. Promoted replay does the same arithmetic in float64, whatever the
script's dtype. Offsets and strides are in elements, so both use the same tape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..tape import CONST, SCALAR, VIEW, WHOLE, Tape
from .memory import State, below, extent

_NARROW = (np.dtype(np.float32), np.dtype(np.float16))
_NARROW_TYPES = (np.float32, np.float16)
_NARROW_NAMES = {
    np.float32: np.float64,
    np.float16: np.float64,
    "float32": "float64",
    "float16": "float64",
    "f4": "f8",
    "f": "d",
}

# What the loop over the entries does itself; everything else is OTHER.
ELEMENT, BINARY, FLAT, STORE, GUARD, OTHER = range(6)

__all__ = ["GuardFlip", "Replay", "ReplayError", "State"]


class ReplayError(Exception):
    """The tape cannot be replayed at these values: a result has another shape, or Python raised."""

    def __init__(self, entry: int, message: str) -> None:
        super().__init__(message)
        self.entry = entry


class GuardFlip(ReplayError):
    """At these values the script would have taken another branch, or another index."""


class Replay:
    """Runs entries of one tape on a state."""

    def __init__(self, tape: Tape, promote: bool = False) -> None:
        self.tape = tape
        self.promote = promote
        self.constants = [_promoted(c) for c in tape.constants] if promote else tape.constants
        self.watch: Callable[[int, State], None] | None = None
        self.replaced: dict[int, int] = {}  # entry -> position of an operand that counts as zero
        self.guarded = False  # raise GuardFlip where a recorded decision would fall differently
        self.quick = True  # simple entries are executed without `_one`
        self._plans: list[int] = []
        self._functions: list[Any] = []

    def without(self, guards: dict[int, int]) -> Replay:
        """A replay of the same tape in which these operands (entry -> position) are zero."""
        other = Replay(self.tape, self.promote)
        other.replaced = guards
        return other

    def start(self) -> State:
        """A state that holds the leaves, made on demand."""
        return State(len(self.tape.storage_layout))

    # memory

    def dtype(self, layout: int) -> Any:
        """dtype of a layout in this replay."""
        dtype = self.tape.layouts[layout][2]
        return np.dtype(np.float64) if self.promote and dtype in _NARROW else dtype

    def _allocate(self, layout: int) -> tuple[np.ndarray, np.ndarray]:
        """Flat memory and the root array over it."""
        shape, strides, _ = self.tape.layouts[layout]
        dtype = self.dtype(layout)
        before, size = extent(shape, strides)
        flat = np.zeros(size, dtype)
        step = dtype.itemsize
        return flat, np.ndarray(
            shape, dtype, flat, before * step, tuple(s * step for s in strides)
        ) if size else np.zeros(shape, dtype)

    def put(self, state: State, storage: int, value: Any) -> None:
        """The storage's root array (or number) becomes a copy of ``value``."""
        layout = self.tape.storage_layout[storage]
        if layout < 0:
            state.set(storage, np.float64(value) if self.promote and type(value) in _NARROW_TYPES else value)
            return
        flat, root = self._allocate(layout)
        root[...] = value
        state.set(storage, root, flat)

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
                    state.set(storage, value, flat)
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
            return self._view(state, index) if found is None else found
        found = state.get(index)
        return self._leaf(state, index) if found is None else found

    def _view(self, state: State, index: int) -> np.ndarray:
        storage, offset, layout = self.tape.views[index]
        flat = self._flat(state, storage)
        shape, strides, _ = self.tape.layouts[layout]
        size = flat.itemsize
        start = (offset + self._base(storage)) * size if 0 not in shape else 0
        found = np.ndarray(shape, flat.dtype, flat, start, tuple(s * size for s in strides))
        if shape:
            state.cache[index] = found  # single entries are many, and quick to find again
        return found

    def _flat(self, state: State, storage: int) -> np.ndarray:
        found = state.flats.get(storage)
        if found is None:
            self._leaf(state, storage)
            found = state.flats[storage]
        return found

    def _base(self, storage: int) -> int:
        """Where the root's first element lies in the flat memory (roots with negative strides begin at its end)."""
        shape, strides, _ = self.tape.layouts[self.tape.storage_layout[storage]]
        return below(shape, strides)

    def _leaf(self, state: State, storage: int) -> Any:
        if storage not in self.tape.leaves:
            raise ReplayError(self.tape.storage_born[storage], "a value is read that this replay has not made")
        self.put(state, storage, self.tape.leaves[storage])
        return state.get(storage)

    # execution

    def run(self, state: State, entries: Iterable[int]) -> None:
        """Execute the entries in order. Raises `ReplayError` where one fails."""
        self._prepare(state)
        number = -1
        try:
            with np.errstate(all="ignore"):
                if self.quick and self.watch is None and not self.replaced:
                    for number in self._quickly(state, entries):
                        self._one(state, number)
                    return
                for number in entries:
                    self._one(state, number)
                    if self.watch is not None:
                        self.watch(number, state)
        except ReplayError as error:
            raise type(error)(self._at(state, number), str(error)) from None
        except Exception as error:  # the user's own operation at values it was not made for
            raise ReplayError(self._at(state, number), f"{type(error).__name__}: {error}") from error

    def _at(self, state: State, number: int) -> int:
        return max(number, state.reached)

    def _prepare(self, state: State) -> None:
        tape = self.tape
        state.grow(len(tape.storage_layout))
        state.reached = -1
        for template in tape.templates[len(self._plans) :]:
            self._plans.append(_plan(template))
            self._functions.append(self._fn(template.fn))
        if self.promote:
            self.constants += [_promoted(c) for c in tape.constants[len(self.constants) :]]

    def _quickly(self, state: State, entries: Iterable[int]) -> Iterable[int]:
        """Execute what is simple; yield the other entries, to be executed before the next one is asked for."""
        tape, plans, functions, narrow = self.tape, self._plans, self._functions, self.promote
        ids, starts, operands, views = tape.entry_template, tape.entry_start, tape.operands, tape.views
        table, load, constants, flats, layouts = state.table, self.load, self.constants, state.flats, tape.layouts
        bases: dict[int, int] = {}
        for number in entries:
            state.reached = number
            template = ids[number]
            plan = plans[template]
            start = starts[number]
            code = operands[start]
            if plan == ELEMENT:
                storage, offset, layout = views[code >> 2] if code & 3 == VIEW else (code >> 2, 0, 0)
                if storage not in bases:
                    self._flat(state, storage)
                    bases[storage] = self._base(storage)
                table[operands[start + 1] >> 2] = flats[storage][offset + bases[storage]]
                continue
            if plan == BINARY:
                tag = code & 3
                left = (
                    table[code >> 2] if tag == SCALAR else constants[code >> 2] if tag == CONST else load(state, code)
                )
                if left is None:
                    left = load(state, code)
                code = operands[start + 1]
                tag = code & 3
                right = (
                    table[code >> 2] if tag == SCALAR else constants[code >> 2] if tag == CONST else load(state, code)
                )
                if right is None:
                    right = load(state, code)
                value, code = functions[template](left, right), operands[start + 2]
                if code & 3 == SCALAR and not narrow:
                    table[code >> 2] = value if type(value) is not np.ndarray else value[()]
                else:
                    self._result(state, code, value)
                continue
            if plan == STORE and code & 3 == VIEW and operands[start + 1] & 3 == SCALAR:
                storage, offset, layout = views[code >> 2]
                value = table[operands[start + 1] >> 2]
                if storage in bases and value is not None and not layouts[layout][0]:
                    flats[storage][offset + bases[storage]] = value
                    continue
            if plan != GUARD or self.guarded:
                yield number

    def _one(self, state: State, number: int) -> None:
        tape = self.tape
        identity = tape.entry_template[number]
        plan = self._plans[identity]
        start = tape.entry_start[number]
        operands = tape.operands
        if plan == ELEMENT:
            state.table[operands[start + 1] >> 2] = self.load(state, operands[start])[()]
        elif plan in (BINARY, FLAT):
            middle = start + tape.templates[identity].inputs
            args = [self.load(state, code) for code in operands[start:middle]]
            if number in self.replaced:
                args[self.replaced[number]] = 0.0
            self._result(state, operands[middle], self._functions[identity](*args))
        elif plan == STORE:
            self.load(state, operands[start])[...] = self.load(state, operands[start + 1])
        else:
            self._other(state, number)

    def _fn(self, fn: Any) -> Any:
        return _NARROW_NAMES.get(fn, fn) if self.promote and fn in _NARROW_TYPES else fn

    def _other(self, state: State, number: int) -> None:
        template, inputs, outputs = self.tape.entry(number)
        kind = template.kind
        if kind == "guard":
            if self.guarded:
                self._guard(state, template.fn, inputs)
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
            made: set[int] = set()
            for code, value in zip(outputs, out if template.several else (out,), strict=True):
                if code & 3 == VIEW and self.tape.storage_of(code) in made:  # several views of one array
                    self.load(state, code)[...] = value
                elif code & 3 != CONST:
                    self._result(state, code, value)
                    made.add(self.tape.storage_of(code))

    def _guard(self, state: State, fn: Any, inputs: Any) -> None:
        expected = self.load(state, inputs[-1])
        if fn(*(self.load(state, c) for c in inputs[:-1])) != expected:
            raise GuardFlip(-1, "the script would have taken another branch here")

    def arguments(self, state: State, number: int) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments of an entry's function, from the state."""
        template, inputs, _ = self.tape.entry(number)
        return template.arguments(self.load(state, code) for code in inputs)

    def _result(self, state: State, code: int, value: Any) -> None:
        tag = code & 3
        storage = code >> 2
        if tag == SCALAR:
            value = value if not isinstance(value, np.ndarray) else value[()]
            state.table[storage] = np.float64(value) if self.promote and type(value) in _NARROW_TYPES else value
        elif tag == WHOLE:
            self._adopt(state, storage, value)
        elif tag == VIEW:
            storage, _, layout = self.tape.views[storage]
            flat, root = self._allocate(self.tape.storage_layout[storage])
            state.set(storage, root, flat)
            self.load(state, code)[...] = value


def _plan(template: Any) -> int:
    kind = template.kind
    if kind == "op" and template.structure is None:
        return BINARY if template.inputs == 2 else FLAT
    return {"element": ELEMENT, "store": STORE, "set": STORE, "guard": GUARD}.get(kind, OTHER)


def _promoted(value: Any) -> Any:
    """A constant as the float64 replay needs it: narrow dtypes become float64."""
    try:
        if isinstance(value, np.dtype):
            return np.dtype(np.float64) if value in _NARROW else value
        return _NARROW_NAMES.get(value, value)
    except TypeError:
        return value
