"""The reverse sweep: true adjoints of every value that a loss depends on.

One adjoint buffer per storage, mutated backwards: a write takes the adjoint of its region away. Beside each adjoint runs
a bound on its rounding error, in units of the unit roundoff u: ``M_in = |J|^T (M_out + c |g_out|)``, the first-order
running error analysis of Higham, *Accuracy and Stability of Numerical Algorithms*, section 3.3.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import ops
from ..tape import CONST, SCALAR, VIEW, WHOLE, Tape, Template, paths, rebuild
from .forward import Replay, State

LOCAL_ROUNDINGS = 4.0  # c: roundings of one local product, the forward values' own included

IN_PLACE_OF = {
    operator.iadd: np.add,
    operator.isub: np.subtract,
    operator.imul: np.multiply,
    operator.itruediv: np.divide,
    operator.ipow: np.power,
    operator.imatmul: np.matmul,
    operator.ifloordiv: np.floor_divide,
    operator.imod: np.mod,
}


class Recording:
    """A replay over a window of entries that keeps what a reverse sweep needs.

    ``saved`` holds the operands (and result) of an entry whose storages are written again later in the window.
    """

    def __init__(self, replay: Replay, state: State, entries: list[int]) -> None:
        self.replay = replay
        self.state = state
        self.entries = entries
        self.saved: dict[int, tuple[list[Any], Any]] = {}
        self._last_write = last_writes(replay.tape, entries)

    def run(self) -> None:
        """Execute the window. Raises `ReplayError`."""
        tape, last = self.replay.tape, self._last_write
        if not last:
            self.replay.run(self.state, self.entries)
            return
        at_risk = set(last)
        batch: list[int] = []
        for number in self.entries:
            template, inputs, outputs = tape.entry(number)
            storages = {tape.storage_of(c) for c in (*inputs, *outputs)}
            doomed = storages & at_risk
            if doomed and template.kind in ("op", "inplace", "call") and any(last[s] >= number for s in doomed):
                self.replay.run(self.state, batch)
                batch = []
                self._save(number, template, list(inputs), list(outputs))
            else:
                batch.append(number)
        self.replay.run(self.state, batch)

    def _save(self, number: int, template: Template, inputs: list[int], outputs: list[int]) -> None:
        values = [_kept(self.replay.load(self.state, code)) for code in inputs]
        self.replay.run(self.state, (number,))
        results = [_kept(self.replay.load(self.state, c)) if c & 3 != CONST else None for c in outputs]
        self.saved[number] = (values, results[0] if len(results) == 1 else results)

    def operands(self, number: int) -> tuple[list[Any], Any]:
        """Operand values and result of an entry, as they were when it ran."""
        found = self.saved.get(number)
        if found is not None:
            return found
        _, inputs, outputs = self.replay.tape.entry(number)
        values = [self.replay.load(self.state, code) for code in inputs]
        results = [self.replay.load(self.state, c) if c & 3 != CONST else None for c in outputs]
        return values, results[0] if len(results) == 1 else results


def last_writes(tape: Tape, entries: Iterable[int]) -> dict[int, int]:
    """For each storage that an entry of the window writes in place, the last such entry."""
    last: dict[int, int] = {}
    for number in entries:
        template = tape.templates[tape.entry_template[number]]
        if template.writes:
            start = tape.entry_start[number]
            for place in template.writes:
                last[tape.storage_of(tape.operands[start + place])] = number
    return last


def _kept(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


@dataclass(slots=True)
class Sweep:
    """Result of a reverse sweep. Adjoints are flat, one per storage; ``captured`` holds those of barrier writes."""

    adjoints: dict[int, np.ndarray] = field(default_factory=dict)
    bounds: dict[int, np.ndarray] = field(default_factory=dict)
    captured: dict[int, tuple[np.ndarray, np.ndarray | None]] = field(default_factory=dict)
    blocked: dict[int, str] = field(default_factory=dict)  # entry -> why its inputs got no adjoint
    ties: list[int] = field(default_factory=list)
    visits: dict[int, np.ndarray] = field(default_factory=dict)  # entry -> adjoint of its result, where asked for


class Reverse:
    """Sweeps a recording backwards from one or several seeds.

    ``active`` are the storages whose adjoints matter; ``barriers`` the entries that give a parameter its next version (entry ->
    operand code of that version): its adjoint is captured and goes no further.
    """

    def __init__(self, recording: Recording, active: set[int], barriers: dict[int, int], bounded: bool = False) -> None:
        self.recording = recording
        self.replay = recording.replay
        self.tape: Tape = recording.replay.tape
        self.active = active
        self.barriers = barriers
        self.bounded = bounded
        self.keep: set[int] | None = None

    def sweep(self, seeds: list[tuple[int, int, Any]]) -> Sweep:
        """Adjoints of ``sum(seed * value)``. A seed is (entry, operand code, value): the operand just before that entry."""
        out = Sweep()
        waiting = sorted(seeds, key=lambda s: s[0])
        with np.errstate(all="ignore"):
            for number in reversed(self.recording.entries):
                while waiting and waiting[-1][0] > number:
                    self._seed(out, *waiting.pop()[1:])
                if len(out.adjoints) or not waiting:
                    self._step(out, number)
        for _, code, value in waiting:
            self._seed(out, code, value)
        return out

    def _seed(self, out: Sweep, code: int, value: Any) -> None:
        self._add(out.adjoints, code, np.asarray(value, float))
        if self.bounded:
            self._add(out.bounds, code, np.zeros(np.shape(value)))

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
        if template.kind == "create":
            return
        first = start + template.inputs
        results = [c for c in tape.operands[first : first + template.outputs] if tape.storage_of(c) in out.adjoints]
        if not results:
            return
        if number in self.barriers:
            out.captured[number] = self._take(out, self.barriers[number])
            return
        if template.kind == "element":
            self._element(out, tape.operands[start], results[0])
        elif template.kind == "opaque":
            self._block(out, number, f"{ops.name_of(template.fn)} is not followed")
        else:
            self._op(out, number, template, list(tape.operands[first : first + template.outputs]))

    def _element(self, out: Sweep, source: int, result: int) -> None:
        if self.tape.storage_of(source) not in self.active:
            return
        self._add(out.adjoints, source, self._read(out.adjoints, result))
        if self.bounded:
            self._add(out.bounds, source, self._read(out.bounds, result))

    def _op(self, out: Sweep, number: int, template: Template, results: list[int]) -> None:
        codes = list(self.tape.entry(number)[1])
        wanted = [i for i, c in enumerate(codes) if self.tape.storage_of(c) in self.active]
        if template.several:
            g: Any = [self._read(out.adjoints, c) if c & 3 != CONST else None for c in results]
        else:
            g = self._read(out.adjoints, results[0])
        if self.keep is not None and number in self.keep:
            out.visits[number] = np.array(g)
        if wanted:
            values, result = self.recording.operands(number)
            bound = None
            if self.bounded and not template.several:
                bound = self._read(out.bounds, results[0]) + LOCAL_ROUNDINGS * np.abs(g)
            self._pull(out, number, template.fn, template, codes, values, result, wanted, g, bound)

    def _pull(
        self, out: Sweep, number: int, fn: Any, template: Template, codes: list[int], values: list[Any], result: Any,
        wanted: list[int], g: Any, bound: Any,
    ) -> None:  # fmt: skip
        """Adjoints of the wanted operands of one function."""
        args, kwargs, places = _arguments(template, values, wanted)
        fn = self._known_as(fn)
        try:
            gradients = ops.vjp(fn, g, result, args, kwargs, places)
            limits = ops.vjp(fn, bound, result, args, kwargs, places, magnitude=True) if bound is not None else None
        except ops.NoDerivative as problem:
            self._block(out, number, str(problem))
            return
        for position, i in enumerate(wanted):
            gradient = gradients[position]
            if gradient is None:
                continue
            self._add(out.adjoints, codes[i], gradient)
            if limits is not None and limits[position] is not None:
                self._add(out.bounds, codes[i], limits[position])

    def _known_as(self, fn: Any) -> Any:
        return _UFUNC_OF.get(fn, fn) if not hasattr(fn, "__self__") or not isinstance(fn.__self__, np.ufunc) else (fn.__self__, fn.__name__)

    def _block(self, out: Sweep, number: int, why: str) -> None:
        if any(self.tape.storage_of(c) in self.active for c in self.tape.entry(number)[1]):
            out.blocked[number] = why

    # writes

    def _write(self, out: Sweep, number: int, template: Template, dest: int) -> None:
        if number in self.barriers:
            out.captured[number] = self._take(out, self.barriers[number])
            return
        codes = list(self.tape.entry(number)[1])
        kind = template.kind
        if kind == "set":
            self._take(out, dest)
        elif kind == "store":
            g, bound = self._take(out, dest)
            self._pass_on(out, codes[1], g, bound)
        elif kind == "inplace":
            self._inplace(out, number, template, codes)
        else:
            self._call(out, number, template, codes)

    def _inplace(self, out: Sweep, number: int, template: Template, codes: list[int]) -> None:
        fn = IN_PLACE_OF.get(template.fn)
        if fn is np.add or fn is np.subtract:
            sign = 1.0 if fn is np.add else -1.0
            g = self._read(out.adjoints, codes[0])
            bound = self._read(out.bounds, codes[0]) + np.abs(g) * LOCAL_ROUNDINGS if self.bounded else None
            self._pass_on(out, codes[1], sign * g, bound)
            return
        g, bound = self._take(out, codes[0])
        if fn is None:
            self._block(out, number, "an in-place bit operation")
            return
        values, _ = self.recording.operands(number)
        with np.errstate(all="ignore"):
            result = fn(values[0], values[1])
        wanted = [i for i, c in enumerate(codes) if i == 0 or self.tape.storage_of(c) in self.active]
        if bound is not None:
            bound = bound + LOCAL_ROUNDINGS * np.abs(g)
        self._pull(out, number, fn, template, codes, values, result, wanted, g, bound)

    def _call(self, out: Sweep, number: int, template: Template, codes: list[int]) -> None:
        """Functions that write one of their operands."""
        fn = template.fn
        name = getattr(fn, "__name__", "")
        dest = codes[template.writes[0]]
        values, _ = self.recording.operands(number)
        if fn is operator.setitem:
            self._set_item(out, template, codes, values)
        elif name == "at" and fn.__self__ in (np.add, np.subtract):  # type: ignore[union-attr]
            g = self._read(out.adjoints, dest)
            bound = self._read(out.bounds, dest) if self.bounded else None
            sign = 1.0 if fn.__self__ is np.add else -1.0  # type: ignore[union-attr]
            index = _first_argument(template, values, 1)
            value = codes[-1]
            self._pass_on(out, value, sign * g[index], None if bound is None else bound[index])
        elif fn is np.copyto and len(codes) == 2:
            g, bound = self._take(out, dest)
            self._pass_on(out, codes[1], g, bound)
        elif fn is np.ndarray.fill:
            g, bound = self._take(out, dest)
            self._pass_on(out, codes[1], g, bound)
        elif isinstance(fn, np.ufunc) or template.structure is not None and _has_out(template):
            self._with_out(out, number, template, codes, values)
        else:
            self._take(out, dest)
            self._block(out, number, f"{ops.name_of(fn)} writes in place and is not followed")

    def _set_item(self, out: Sweep, template: Template, codes: list[int], values: list[Any]) -> None:
        target = values[0]
        index = _first_argument(template, values, 1)
        g_all = self._read(out.adjoints, codes[0])
        positions = np.full(target.shape, -1)
        region = positions[index]
        numbers = np.arange(region.size).reshape(region.shape)
        positions[index] = numbers
        written = positions >= 0
        g = np.zeros(region.size)
        g[positions[written]] = g_all[written]
        bound = None
        if self.bounded:
            bound = np.zeros(region.size)
            bound[positions[written]] = self._read(out.bounds, codes[0])[written]
            bound = bound.reshape(region.shape)
        self._clear(out, codes[0], written)
        value = codes[-1]
        if template.structure is None or _last_is_operand(template):
            self._pass_on(out, value, g.reshape(region.shape), bound)

    def _with_out(self, out: Sweep, number: int, template: Template, codes: list[int], values: list[Any]) -> None:
        """``fn(..., out=dest)``: as ``dest[...] = fn(...)``; dest may be an operand too."""
        place = template.writes[-1]
        g, bound = self._take(out, codes[place])
        inputs = [i for i in range(len(codes)) if i not in template.writes or i < place]
        args, kwargs, _ = _arguments(template, values, [])
        kwargs = {k: v for k, v in kwargs.items() if k != "out"}
        wanted = [i for i in inputs if self.tape.storage_of(codes[i]) in self.active and i < len(args)]
        with np.errstate(all="ignore"):
            result = template.fn(*args, **kwargs)  # type: ignore[misc]
        plain = Template("op", template.fn, template.site, None, len(args), 1)
        if bound is not None:
            bound = bound + LOCAL_ROUNDINGS * np.abs(g)
        self._pull(out, number, template.fn, plain, codes[: len(args)], args, result, wanted, g, bound)

    def _pass_on(self, out: Sweep, code: int, g: np.ndarray, bound: np.ndarray | None) -> None:
        """Adjoint of a value that was broadcast into a region."""
        if self.tape.storage_of(code) not in self.active:
            return
        shape = self.tape.shape_of(code)
        self._add(out.adjoints, code, _unbroadcast(g, shape))
        if bound is not None:
            self._add(out.bounds, code, _unbroadcast(bound, shape))

    # buffers

    def _place(self, code: int) -> tuple[int, int, tuple[int, ...], tuple[int, ...]]:
        """Storage, first element, shape and strides of an operand."""
        tag = code & 3
        index = code >> 2
        if tag == SCALAR:
            return index, 0, (), ()
        if tag == WHOLE:
            shape, strides, _ = self.tape.layouts[self.tape.storage_layout[index]]
            return index, 0, shape, strides
        storage, offset, layout = self.tape.views[index]
        shape, strides, _ = self.tape.layouts[layout]
        return storage, offset, shape, strides

    def _buffer(self, store: dict[int, np.ndarray], storage: int) -> np.ndarray:
        found = store.get(storage)
        if found is None:
            found = store[storage] = np.zeros(span(self.tape, storage)[1])
        return found

    def window(self, buffer: np.ndarray, code: int) -> np.ndarray:
        """The part of a storage's adjoint buffer that belongs to an operand, as a view."""
        storage, offset, shape, strides = self._place(code)
        if tag_is_scalar(code):
            return buffer[:1].reshape(())
        base = span(self.tape, storage)[0]
        if 0 in shape:
            return np.zeros(shape)
        return np.ndarray(shape, buffer.dtype, buffer, (offset + base) * 8, tuple(s * 8 for s in strides))

    def _read(self, store: dict[int, np.ndarray], code: int) -> np.ndarray:
        buffer = store.get(self.tape.storage_of(code))
        if buffer is None:
            return np.zeros(self.tape.shape_of(code))
        return self.window(buffer, code).copy()

    def _add(self, store: dict[int, np.ndarray], code: int, g: Any) -> None:
        buffer = self._buffer(store, self.tape.storage_of(code))
        view = self.window(buffer, code)
        if code & 3 == VIEW and _overlaps(view):
            places = self.window(np.arange(buffer.size, dtype=float), code).astype(int)
            np.add.at(buffer, places, g)
        else:
            view += np.asarray(g).reshape(view.shape) if np.size(g) == view.size else g

    def _take(self, out: Sweep, code: int) -> tuple[np.ndarray, np.ndarray | None]:
        g = self._read(out.adjoints, code)
        bound = self._read(out.bounds, code) if self.bounded else None
        self._clear(out, code, ...)
        return g, bound

    def _clear(self, out: Sweep, code: int, where: Any) -> None:
        storage = self.tape.storage_of(code)
        for store in (out.adjoints, out.bounds):
            if storage in store:
                self.window(store[storage], code)[where] = 0.0


_UFUNC_OF: dict[Any, Any] = {
    operator.add: np.add,
    operator.sub: np.subtract,
    operator.mul: np.multiply,
    operator.truediv: np.divide,
    operator.floordiv: np.floor_divide,
    operator.mod: np.mod,
    operator.pow: np.power,
    operator.matmul: np.matmul,
    operator.neg: np.negative,
    operator.pos: np.positive,
    operator.invert: np.invert,
    operator.and_: np.bitwise_and,
    operator.or_: np.bitwise_or,
    operator.xor: np.bitwise_xor,
    operator.lt: np.less,
    operator.le: np.less_equal,
    operator.gt: np.greater,
    operator.ge: np.greater_equal,
    operator.eq: np.equal,
    operator.ne: np.not_equal,
}


def ufunc_of(fn: Any) -> Any:
    """The ufunc that an operator function stands for; anything else as it is."""
    return _UFUNC_OF.get(fn, fn)


def tag_is_scalar(code: int) -> bool:
    """Whether the operand is a storage of one number."""
    return code & 3 == SCALAR


def span(tape: Tape, storage: int) -> tuple[int, int]:
    """Elements before the root's first one in its flat memory, and elements in all."""
    layout = tape.storage_layout[storage]
    if layout < 0:
        return 0, 1
    shape, strides, _ = tape.layouts[layout]
    below = sum(-(n - 1) * s for n, s in zip(shape, strides, strict=True) if s < 0 and n)
    above = sum((n - 1) * s for n, s in zip(shape, strides, strict=True) if s > 0 and n)
    return below, below + above + 1


def _overlaps(view: np.ndarray) -> bool:
    """Whether two entries of a view are one place in memory (broadcast or sliding windows)."""
    steps = sorted((abs(s), n) for n, s in zip(view.shape, view.strides, strict=True) if n > 1)
    reach = 0
    for step, length in steps:
        if step <= reach:
            return True
        reach += step * (length - 1)
    return False


def _arguments(template: Template, values: list[Any], wanted: list[int]) -> tuple[list[Any], dict[str, Any], list[Any]]:
    """Positional and keyword arguments, and the paths of the wanted operands."""
    if template.structure is None:
        return values, {}, [(i,) for i in wanted]
    tree = rebuild(template.structure, iter(values))
    found = list(paths(template.structure))
    return tree[0], (tree[1] if len(tree) > 1 else {}), [found[i][1:] for i in wanted]


def _first_argument(template: Template, values: list[Any], position: int) -> Any:
    return _arguments(template, values, [])[0][position]


def _last_is_operand(template: Template) -> bool:
    """Whether the last positional argument is one operand, not a list."""
    return list(paths(template.structure))[-1][1:] == (2,)


def _has_out(template: Template) -> bool:
    return any(p[0] == 1 and p[1] == "out" for p in paths(template.structure))


def _unbroadcast(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    g = np.asarray(g)
    extra = g.ndim - len(shape)
    if extra > 0:
        g = g.sum(axis=tuple(range(extra)))
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and i < g.ndim and g.shape[i] != 1)
    return g.sum(axis=axes, keepdims=True) if axes else g


