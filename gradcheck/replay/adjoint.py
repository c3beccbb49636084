"""The reverse sweep: true adjoints of every value that a loss depends on.

One adjoint buffer per storage, mutated backwards: a write takes the adjoint of its region away. Beside each adjoint
runs a bound on its rounding error, in units of the unit roundoff u: ``M_in = |J|^T (M_out + c |g_out|)``, and
``|partial sum|`` for each term that is added: the first-order running error analysis of Higham, *Accuracy and Stability
of Numerical Algorithms*, section 3.3.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection
from typing import Any

import numpy as np

from .. import ops
from ..tape import CONST, SCALAR, VIEW, Tape, Template
from . import memory, writes
from .functions import LOCAL_ROUNDINGS, arguments, known_as, ufunc_of, unbroadcast
from .memory import Buffers, span
from .recording import Recording, last_writes
from .sweep import Sweep

__all__ = ["LOCAL_ROUNDINGS", "Recording", "Reverse", "Sweep", "last_writes", "span", "ufunc_of"]

# What the loop over the entries does itself. SKIP: nothing flows back. GENERAL: everything else.
ADD, SUBTRACT, MULTIPLY, DIVIDE, SUM, ELEMENT, STORE, SKIP, GENERAL = range(9)
_ARITHMETIC = {np.add: ADD, np.subtract: SUBTRACT, np.multiply: MULTIPLY, np.divide: DIVIDE}


class Reverse:
    """Sweeps a recording backwards from one or several seeds.

    ``active`` are the storages whose adjoints matter; ``barriers`` the entries that give a parameter its next version
    (entry -> operand code of that version): its adjoint is captured and goes no further. ``keep`` are entries whose
    results' adjoints (of a write: that of the region, after it) are wanted in ``visits``; ``divided`` the storages for
    which what came back from each of their readers is wanted in ``shares``.
    """

    def __init__(
        self, recording: Recording, active: Collection[int], barriers: dict[int, int], bounded: bool = False
    ) -> None:
        self.recording = recording
        self.replay = recording.replay
        self.tape: Tape = recording.replay.tape
        self.barriers = barriers
        self.bounded = bounded
        self.keep: set[int] | None = None
        self.divided: set[int] = set()
        self._reader = -1
        self._size = len(self.tape.storage_layout)
        self._active = bytearray(self._size)
        for storage in active:
            if storage >= 0:
                self._active[storage] = 1
        self._overlaps: dict[int, bool] = {}  # layout -> whether its entries share memory
        self._plans = [_plan(t) for t in self.tape.templates]

    def sweep(self, seeds: list[tuple[int, int, Any]]) -> Sweep:
        """Adjoints of ``sum(seed * value)``. A seed is (entry, operand code, value): the operand before that entry."""
        out = Sweep(Buffers(self._size), Buffers(self._size))
        entries = self.recording.entries
        end = len(entries)
        started = False
        with np.errstate(all="ignore"):
            for entry, code, value in sorted(seeds, key=lambda s: -s[0]):
                begin = bisect_left(entries, entry)
                if started:
                    self._back(out, begin, end)
                end, started = min(begin, end), True
                self._seed(out, code, value)
            self._back(out, 0, end)
        return out

    def _seed(self, out: Sweep, code: int, value: Any) -> None:
        self.add(out.adjoints, code, np.asarray(value, float))
        if self.bounded:
            self.add(out.bounds, code, np.zeros(np.shape(value)))

    def wants(self, code: int) -> bool:
        """Whether the operand's adjoint matters."""
        storage = self.tape.storage_of(code)
        return storage >= 0 and bool(self._active[storage])

    # the loop

    def _back(self, out: Sweep, begin: int, end: int) -> None:
        """Sweep over the entries at these positions, last one first. Mere numbers are dealt with on the spot."""
        tape, plans, bounded = self.tape, self._plans, self.bounded
        ids, starts, operands = tape.entry_template, tape.entry_start, tape.operands
        numbers, limits = out.adjoints.numbers, out.bounds.numbers
        special = self.barriers.keys() | (self.keep or set())
        for number in reversed(self.recording.entries[begin:end]):
            plan = plans[ids[number]]
            if plan == SKIP:
                continue
            self._reader = number
            if number not in special:
                start = starts[number]
                if plan == ELEMENT:
                    result = operands[start + 1] >> 2
                    if numbers[result] or limits[result]:
                        self._element(out, operands[start], numbers[result], limits[result])
                    continue
                if plan == STORE:
                    if self._stored(out, operands[start], operands[start + 1]):
                        continue
                elif plan <= DIVIDE:
                    code = operands[start + 2]
                    if code & 3 == SCALAR:
                        g, limit = numbers[code >> 2], limits[code >> 2]
                        if not (g or limit):
                            continue
                        if self._scalar(out, plan, start, g, limit + LOCAL_ROUNDINGS * abs(g) if bounded else 0.0):
                            continue
            self._step(out, number)

    def _scalar(self, out: Sweep, plan: int, start: int, g: float, limit: float) -> bool:
        """One of the four operations on two numbers; False if an operand is an array."""
        operands, active, table = self.tape.operands, self._active, self.recording.state.table
        numbers, limits = out.adjoints.numbers, out.bounds.numbers
        left, right = operands[start], operands[start + 1]
        if (left ^ left >> 1) & 1 or (right ^ right >> 1) & 1:  # the tags WHOLE and VIEW
            return False
        down, up, low, high = g, -g if plan == SUBTRACT else g, limit, limit
        if plan > SUBTRACT:
            x = table[left >> 2] if not left & 3 else self.replay.constants[left >> 2]
            y = table[right >> 2] if not right & 3 else self.replay.constants[right >> 2]
            if x is None or y is None or plan == DIVIDE and not y:
                return False
            x, y = float(x), float(y)
            if plan == MULTIPLY:
                down, up, low, high = g * y, g * x, limit * abs(y), limit * abs(x)
            else:  # in this order nothing under- or overflows on the way
                down, up, low, high = g / y, -(g * x / y) / y, limit / abs(y), abs(limit * x / y / y)
        i = left >> 2
        if not left & 3 and active[i]:
            total = numbers[i] = numbers[i] + down
            if limit:
                limits[i] += low + abs(total)
        i = right >> 2
        if not right & 3 and active[i]:
            total = numbers[i] = numbers[i] + up
            if limit:
                limits[i] += high + abs(total)
        return True

    def _element(self, out: Sweep, code: int, g: float, limit: float) -> None:
        """An entry read from an array."""
        storage, offset, _ = self.tape.views[code >> 2] if code & 3 == VIEW else (code >> 2, 0, 0)
        if not self._active[storage]:
            return
        buffer = out.adjoints.arrays.get(storage)
        if buffer is None:
            buffer = self._buffer(out.adjoints, storage)
        offset += span(self.tape, storage)[0]
        total = buffer[offset] + g
        buffer[offset] = total
        if self.bounded:
            buffer = out.bounds.arrays.get(storage)
            if buffer is None:
                buffer = self._buffer(out.bounds, storage)
            buffer[offset] += limit + abs(total)

    def _stored(self, out: Sweep, dest: int, code: int) -> bool:
        """A number stored in an entry of an array; False if it is anything else."""
        if dest & 3 != VIEW or code & 3 != SCALAR:
            return False
        storage, offset, layout = self.tape.views[dest >> 2]
        if self.tape.layouts[layout][0]:
            return False
        buffer = out.adjoints.arrays.get(storage)
        if buffer is None:
            return True
        offset += span(self.tape, storage)[0]
        wanted = self._active[code >> 2]
        if wanted:
            out.adjoints.numbers[code >> 2] += buffer[offset]
        buffer[offset] = 0.0
        if self.bounded:
            buffer = out.bounds.arrays[storage]
            if wanted:
                out.bounds.numbers[code >> 2] += buffer[offset] + abs(out.adjoints.numbers[code >> 2])
            buffer[offset] = 0.0
        return True

    # one entry

    def _step(self, out: Sweep, number: int) -> None:
        tape = self.tape
        template = tape.templates[tape.entry_template[number]]
        start = tape.entry_start[number]
        if template.writes:
            dest = tape.operands[start + template.writes[0]]
            if tape.storage_of(dest) in out.adjoints:
                self._write(out, number, template, dest)
            return
        first = start + template.inputs
        results = list(tape.operands[first : first + template.outputs])
        if not self._reached(out, results):
            return
        if number in self.barriers:
            out.captured[number] = self.take(out, self.barriers[number])
        elif template.kind == "opaque":
            self.block(out, number, f"{ops.name_of(template.fn)} is not followed")
        else:
            self._op(out, number, template, results)

    def _reached(self, out: Sweep, codes: list[int]) -> bool:
        """Whether a result has an adjoint, or a bound that is not zero."""
        for code in codes:
            if code & 3 == SCALAR:
                if out.adjoints.numbers[code >> 2] or out.bounds.numbers[code >> 2]:
                    return True
            elif self.tape.storage_of(code) in out.adjoints.arrays:
                return True
        return False

    def _write(self, out: Sweep, number: int, template: Template, dest: int) -> None:
        if self.keep is not None and number in self.keep and template.kind != "store":
            out.visits[number] = np.array(self.read(out.adjoints, dest))
        if number in self.barriers:
            out.captured[number] = self.take(out, self.barriers[number])
        else:
            writes.undo(self, out, number, template, dest)

    def _op(self, out: Sweep, number: int, template: Template, results: list[int]) -> None:
        codes = list(self.tape.entry(number)[1])
        wanted = [i for i, c in enumerate(codes) if self.wants(c)]
        if template.several:
            g: Any = [self.read(out.adjoints, c) if c & 3 != CONST else None for c in results]
        else:
            g = self.read(out.adjoints, results[0])
        if self.keep is not None and number in self.keep:
            out.visits[number] = np.array(g)
        if not wanted:
            return
        if template.kind == "element":
            self._element(out, codes[0], g, self.read(out.bounds, results[0]))
            return
        values, result = self.recording.operands(number)
        bound = None
        if self.bounded and not template.several:
            bound = self.read(out.bounds, results[0]) + LOCAL_ROUNDINGS * abs(g)
        if not self._simple(out, template, codes, values, result, g, bound):
            self.pull(out, number, template.fn, template, codes, values, result, wanted, g, bound)

    def _simple(
        self, out: Sweep, template: Template, codes: list[int], values: list[Any], result: Any, g: Any, bound: Any
    ) -> bool:
        """The commonest functions of arrays of floats, without the derivative table; False for any other."""
        plan = _plan(template)
        if plan == SUM:
            g, bound = np.full(np.shape(values[0]), g), None if bound is None else np.full(np.shape(values[0]), bound)
            self.give(out, codes[0], g, bound)
            return True
        if plan > DIVIDE or getattr(result, "dtype", None) != np.float64 or (plan == DIVIDE and not np.all(values[1])):
            return False
        for i in (0, 1):
            if self.wants(codes[i]):
                limit = None if bound is None else abs(_share(plan, i, bound, values, result))
                self.give_broadcast(out, codes[i], _share(plan, i, g, values, result), limit)
        return True

    def pull(
        self, out: Sweep, number: int, fn: Any, template: Template, codes: list[int], values: list[Any], result: Any,
        wanted: list[int], g: Any, bound: Any,
    ) -> None:  # fmt: skip
        """Adjoints of the wanted operands of one function."""
        args, kwargs, places = arguments(template, values, wanted)
        fn = known_as(fn)
        try:
            gradients = ops.vjp(fn, g, result, args, kwargs, places)
            limits = ops.vjp(fn, bound, result, args, kwargs, places, magnitude=True) if bound is not None else None
        except ops.NoDerivative as problem:
            self.block(out, number, str(problem))
            return
        for position, i in enumerate(wanted):
            if gradients[position] is not None:
                self.give(out, codes[i], gradients[position], None if limits is None else limits[position])

    def block(self, out: Sweep, number: int, why: str) -> None:
        """The entry's inputs get no adjoint."""
        if any(self.wants(c) for c in self.tape.entry(number)[1]):
            out.blocked[number] = why

    # buffers

    def window(self, buffer: np.ndarray, code: int) -> np.ndarray:
        """The part of a storage's adjoint buffer that belongs to an operand, as a view."""
        return memory.window(self.tape, buffer, code)

    def _buffer(self, store: Buffers, storage: int) -> np.ndarray:
        found = store.arrays.get(storage)
        if found is None:
            found = store.arrays[storage] = np.zeros(span(self.tape, storage)[1])
        return found

    def read(self, store: Buffers, code: int) -> Any:
        """A copy of the operand's part: a float for a scalar."""
        if code & 3 == SCALAR:
            return store.numbers[code >> 2]
        buffer = store.arrays.get(self.tape.storage_of(code))
        if buffer is None:
            return np.zeros(self.tape.shape_of(code))
        return self.window(buffer, code).copy()

    def add(self, store: Buffers, code: int, g: Any) -> Any:
        """Add to the operand's part; returns the new sum."""
        if code & 3 == SCALAR:
            store.numbers[code >> 2] += float(g) if np.ndim(g) == 0 else float(np.sum(g))
            return store.numbers[code >> 2]
        buffer = self._buffer(store, self.tape.storage_of(code))
        view = self.window(buffer, code)
        if code & 3 == VIEW and self._overlapping(code):
            places = self.window(np.arange(buffer.size), code)
            np.add.at(buffer, places, g)
        else:
            view += np.reshape(g, view.shape) if np.size(g) == view.size else g
        return view

    def _overlapping(self, code: int) -> bool:
        layout = self.tape.views[code >> 2][2]
        found = self._overlaps.get(layout)
        if found is None:
            shape, strides, _ = self.tape.layouts[layout]
            found = self._overlaps[layout] = memory.overlaps(shape, strides)
        return found

    def give(self, out: Sweep, code: int, g: Any, bound: Any) -> None:
        """Add an adjoint and its bound, and to the bound the rounding of this very addition."""
        total = self.add(out.adjoints, code, g)
        if self.divided and self.tape.storage_of(code) in self.divided:
            out.add_share(self._reader, code, g, self.tape.shape_of(code))
        if bound is not None:
            self.add(out.bounds, code, bound + abs(np.reshape(total, np.shape(bound))))

    def give_broadcast(self, out: Sweep, code: int, g: Any, bound: Any) -> None:
        """Adjoint of a value that was broadcast into a region."""
        if self.wants(code):
            shape = self.tape.shape_of(code)
            self.give(out, code, unbroadcast(g, shape), None if bound is None else unbroadcast(bound, shape))

    def take(self, out: Sweep, code: int) -> tuple[Any, Any]:
        """The operand's adjoint and bound, which leave zeros behind."""
        g = self.read(out.adjoints, code)
        bound = self.read(out.bounds, code) if self.bounded else None
        self.clear(out, code, ...)
        return g, bound

    def clear(self, out: Sweep, code: int, where: Any) -> None:
        """Zero a part of the operand's adjoint and bound."""
        storage = self.tape.storage_of(code)
        for store in (out.adjoints, out.bounds):
            if code & 3 == SCALAR:
                store.numbers[storage] = 0.0
            elif storage in store.arrays:
                self.window(store.arrays[storage], code)[where] = 0.0


def _share(plan: int, i: int, g: Any, values: list[Any], result: Any) -> Any:
    """The cotangent of operand ``i`` before broadcasting is undone, in an order that keeps large values in range."""
    if plan == MULTIPLY:
        return g * values[1 - i]
    if plan == DIVIDE:
        return -(g * result) / values[1] if i else g / values[1]
    return -g if plan == SUBTRACT and i else g


def _plan(template: Template) -> int:
    if template.kind == "guard" or template.kind == "create" and template.fn is not np.full:
        return SKIP
    if template.kind == "element":
        return ELEMENT
    if template.kind == "store":
        return STORE
    if template.kind == "op" and template.structure is None and template.inputs == 2:
        return _ARITHMETIC.get(ufunc_of(template.fn), GENERAL)
    if (
        template.kind == "op"
        and template.structure is None
        and template.inputs == 1
        and template.fn in (np.sum, np.ndarray.sum)
    ):
        return SUM
    return GENERAL
