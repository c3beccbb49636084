"""The gradient that a script computed: what an update adds, freed of the rate and of optimiser state.

Without state the increment itself is judged. With state it is the *dominator*: the last value of the parameter's size
that every loss-dependent path of the increment passes before it meets state.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..record.events import COPIES, Update
from ..record.joins import JOINS, REFORMS
from ..replay.adjoint import Recording
from ..tape import CONST, VIEW, WHOLE, Tape, rebuild
from .candidates import Candidate, without_undone
from .classify import behind_signs
from .dominator import LossSide
from .flow import Masks, backward_slice
from .limits import Limits
from .rates import Rates

EPS = float(np.finfo(float).eps)
AFFINE = (
    frozenset(
        (operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pos, np.add, np.subtract)
        + (np.multiply, np.divide, np.negative, operator.getitem)
    )
    | COPIES
    | JOINS
    | REFORMS
)
MOST_DOMINATORS = 80
MIXED = "its gradient cannot be told from the optimiser's state"
SEVERAL = "several writes make its new value, and together they are no step along its gradient"
BENT = "its update is more than a step along a gradient: the new value goes through a threshold or the like"


@dataclass(slots=True)
class Gradient:
    """What stands for the gradient of one candidate in one round.

    ``step`` is the whole increment (shape of the candidate), ``value`` the judged one: the increment or the dominator,
    which may be transposed or flattened. ``noise`` bounds the rounding of ``value`` where it is a difference.
    ``factors`` are the scalar factors between gradient and increment: (storage, value, active).
    """

    step: np.ndarray
    value: np.ndarray
    code: int
    entry: int
    stateful: bool = False
    noise: np.ndarray | float = 0.0
    factors: list[tuple[int, float, bool]] = field(default_factory=list)
    decay: float = 0.0
    rate: float = 1.0
    rates: set[int] = field(default_factory=set)  # storages of factors that are literals or names bound to one
    alternatives: list[tuple[int, np.ndarray]] = field(default_factory=list)
    doubt: str = ""  # why the value may be no gradient, unless it shows to be one

    @property
    def way(self) -> float:
        """1 where the judged value goes the way of the step, -1 where it is subtracted."""
        return _way(self.step, self.value)


class Increments:
    """Increments of updates on a recording."""

    def __init__(self, recording: Recording, masks: Masks) -> None:
        self.recording = recording
        self.tape: Tape = recording.replay.tape
        self.masks = masks

    def load(self, code: int) -> Any:
        """An operand's value at the end of the window."""
        return self.recording.replay.load(self.recording.state, code)

    def of_round(self, candidate: Candidate, updates: list[Update]) -> tuple[np.ndarray, np.ndarray | float, float]:
        """The sum of a round's increments, its rounding noise, and the weight decay factor in it."""
        updates = [u for i, u in enumerate(updates) if not i or not self._projects(updates[i - 1], u)]
        total = np.zeros(candidate.shape)
        noise: np.ndarray | float = 0.0
        decay = 0.0
        for u in updates:
            value, extra, shrink = self._one(u)
            part = self.region(total, candidate, u)
            if part is None:
                total += np.reshape(value, total.shape) if np.size(value) == total.size else value
            else:
                part += np.reshape(value, part.shape) if np.size(value) == part.size else value
            alike = np.ndim(extra) == 0 or np.shape(extra) == np.shape(noise)
            noise = noise + extra if alike else np.max(extra) + np.max(noise)
            decay += shrink
        return total, noise, decay

    def _projects(self, before: Update, u: Update) -> bool:
        """Whether an update after another one of its step is made from the value alone: clipped weights, a norm of one,
        a decay.
        """
        tape = self.tape
        targets = {tape.storage_of(c) for c in u.increments if c & 3 != CONST}
        entries = backward_slice(tape, targets, u.entry, before.entry + 1)
        made = {tape.storage_of(c) for e in entries for c in tape.entry(e)[2]}
        read = targets | {tape.storage_of(c) for e in entries for c in tape.entry(e)[1] if c & 3 != CONST}
        rest = {s for s in read - made if s >= 0 and tape.storage_layout[s] >= 0}
        return rest <= {tape.storage_of(u.old), tape.storage_of(before.new)}

    def region(self, total: np.ndarray, candidate: Candidate, u: Update) -> np.ndarray | None:
        """The part of the candidate's array that an update of a merged storage touches."""
        if not candidate.whole or u.old == candidate.region:
            return None
        tape = self.tape
        _, offset, layout = tape.views[u.old >> 2]
        shape, strides, _ = tape.layouts[layout]
        _, root_strides, _ = tape.layouts[tape.storage_layout[tape.storage_of(u.old)]]
        root_shape = candidate.shape
        if tuple(np.zeros(root_shape).strides) != tuple(s * 8 for s in root_strides):
            return None
        return np.ndarray(shape, total.dtype, total.reshape(-1), offset * 8, tuple(s * 8 for s in strides))

    def _one(self, u: Update) -> tuple[np.ndarray, np.ndarray | float, float]:
        if u.in_place:
            template, _, _ = self.tape.entry(u.entry)
            if template.kind == "inplace":
                return self._in_place(u, template.fn)
            if template.kind == "call":
                return self._call(u)
        return self._chain(u)

    def _in_place(self, u: Update, fn: Any) -> tuple[np.ndarray, np.ndarray | float, float]:
        values, _ = self.recording.operands(u.entry)
        old, value = values
        if fn in (operator.iadd, operator.isub):
            sign = 1.0 if fn is operator.iadd else -1.0
            return sign * np.broadcast_to(value, np.shape(old)).astype(float), 0.0, 0.0
        with np.errstate(all="ignore"):
            new = fn(np.array(old, float), value)
        return new - old, 4 * EPS * (np.abs(new) + np.abs(old)), 0.0

    def _call(self, u: Update) -> tuple[np.ndarray, np.ndarray | float, float]:
        """The call on zeros where that is its increment (ufunc.at), else the difference it makes."""
        template, codes, _ = self.tape.entry(u.entry)
        values, _ = self.recording.operands(u.entry)
        place = template.writes[-1]
        fn = template.fn
        if fn is operator.setitem and u.path:
            rows = self._rows(u, values[place])
            if rows is not None:
                return rows
        same = [i for i, c in enumerate(codes) if c == codes[place]]
        kept = [np.array(v, float) if i in same else v for i, v in enumerate(values)]
        affine = getattr(fn, "__name__", "") == "at" or fn in (np.add, np.subtract)
        start = np.zeros(np.shape(values[place])) if affine else np.array(values[place], float)
        for i in same:
            kept[i] = start
        args, kwargs = template.arguments(kept)
        before = start.copy()
        with np.errstate(all="ignore"):
            fn(*args, **kwargs)  # type: ignore[misc]
        old = np.asarray(values[place], float)
        return start - before, 0.0 if affine else 4 * EPS * (np.abs(start) + np.abs(old)), 0.0

    def _rows(self, u: Update, old: Any) -> tuple[np.ndarray, np.ndarray | float, float] | None:
        """``W[rows] = W[rows] + b``: b in its rows, zero elsewhere."""
        if not all(self.tape.templates[self.tape.entry_template[e]].fn in AFFINE for e in u.path) or self._scales(u):
            return None
        part = self._follow(u, 0.0)
        if part is None:
            return None
        args, _ = self.recording.replay.arguments(self.recording.state, u.entry)
        out = np.zeros(np.shape(old))
        out[args[1]] = part
        return out, 0.0, 0.0

    def _chain(self, u: Update) -> tuple[np.ndarray, np.ndarray | float, float]:
        """new = A old + b along the path: b from the path with old = 0, A from old = 1."""
        affine = all(self.tape.templates[self.tape.entry_template[e]].fn in AFFINE for e in u.path)
        if affine:
            at_zero = self._follow(u, 0.0)
            at_one = self._follow(u, 1.0)
            if at_zero is not None and at_one is not None:
                slope = np.asarray(at_one) - np.asarray(at_zero)
                if np.all(np.abs(slope - 1.0) < 1e-9 * (1 + np.abs(at_zero))) and not self._scales(u):
                    return np.asarray(at_zero, float), 0.0, 0.0
                old = self._old(u)
                factor = float(np.mean(slope)) - 1.0
                return at_zero + (slope - 1.0) * old, 4 * EPS * np.abs(old), factor
        old, new = self._old(u), np.asarray(self.load(u.new) if not u.in_place else self._new_region(u), float)
        return new - old, 4 * EPS * (np.abs(new) + np.abs(old)), 0.0

    def bends(self, u: Update) -> bool:
        """Whether the new value is made from old value and increment by more than sums and factors."""
        fns = {self.tape.templates[self.tape.entry_template[e]].fn for e in u.path}
        return not u.in_place and not fns <= AFFINE | {operator.matmul, operator.iadd, operator.isub}

    def is_of_several(self, u: Update) -> bool:
        """Whether a copy was written several times before it became the new value: there may be steps among them."""
        return not u.in_place and sum(bool(self.tape.entry(e)[0].writes) for e in u.path) > 1

    def _scales(self, u: Update) -> bool:
        scaling = (operator.mul, operator.truediv, np.multiply, np.divide)
        return any(self.tape.templates[self.tape.entry_template[e]].fn in scaling for e in u.path)

    def _new_region(self, u: Update) -> Any:
        return self.recording.operands(u.entry)[0][1]

    def _old(self, u: Update) -> np.ndarray:
        """The value before the update: the operand that the innermost entry of the path read."""
        last = u.path[-1]
        template, codes, outputs = self.tape.entry(last)
        if template.kind == "element" or template.fn is operator.getitem:
            return np.asarray(self.load(outputs[0]), float)
        values, _ = self.recording.operands(last)
        target = self.tape.storage_of(u.old)
        for code, value in zip(codes, values, strict=True):
            if self.tape.storage_of(code) == target:
                return np.asarray(value, float)
        return np.asarray(self.load(u.old), float)

    def _follow(self, u: Update, start: float) -> Any:
        """The path's result when the old value is ``start`` everywhere."""
        target = self.tape.storage_of(u.old)
        value: Any = None
        for entry in reversed(u.path):
            template, codes, outputs = self.tape.entry(entry)
            if template.kind == "element" or template.fn is operator.getitem:
                value = np.full(self.tape.shape_of(outputs[0]), start)[()]
            else:
                operands, _ = self.recording.operands(entry)
                replaced, used = [], False
                for code, operand in zip(codes, operands, strict=True):
                    if self.tape.storage_of(code) == target and not used:
                        operand = np.full(np.shape(operand), start)[()] if value is None else self._cut(value, code)
                        used = True
                    replaced.append(operand)
                if template.structure is None:
                    value = template.fn(*replaced)  # type: ignore[misc]
                elif len(tree := rebuild(template.structure, iter(replaced))) == 1:
                    value = template.fn(*tree[0])  # type: ignore[misc]
                elif template.fn in JOINS:
                    value = template.fn(*tree[0], **tree[1])
                else:
                    return None
            target = self.tape.storage_of(outputs[0])
        return value

    def _cut(self, value: Any, code: int) -> Any:
        """What an operand reads of a value: a part of it, where that is what was cut out of a joined array."""
        shape = self.tape.shape_of(code)
        if code & 3 != VIEW or np.size(value) == math.prod(shape):
            return value
        _, offset, _ = self.tape.views[code >> 2]
        return np.ravel(value)[offset : offset + math.prod(shape)].reshape(shape)


class Extraction:
    """Finds, for each parameter, the value that stands for its gradient."""

    def __init__(
        self, recording: Recording, everything: Masks, state_storages: set[int], state_masks: Masks, updates: set[int]
    ) -> None:
        self.recording = recording
        self.updates = updates  # entries that update a parameter: what lies behind them belongs to another step
        self.tape: Tape = recording.replay.tape
        self.masks = everything
        self.states = state_storages
        self.state_masks = state_masks
        self.increments = Increments(recording, everything)
        self.rates = Rates(self.tape, everything, self.increments.load, recording.written)
        self.limits = Limits(recording, everything, self.rates)
        self.cache: dict[tuple[int, int, int], Gradient] = {}

    def gradient(self, candidate: Candidate, updates: list[Update]) -> Gradient:
        """The judged value of one round."""
        updates = without_undone(self.tape, candidate, updates)
        step, noise, decay = self.increments.of_round(candidate, updates)
        masks = self.masks
        own = {self.tape.storage_of(c) for u in updates for c in (candidate.region, u.old)}  # its sign is a penalty's
        under_signs = (c for u in updates for c in behind_signs(self.tape, u.increments, candidate.shape))
        signed = [c for c in under_signs if masks.of(c) and self.tape.storage_of(c) not in own]
        sources = [*(c for u in updates for c in u.increments if masks.of(c)), *signed]
        if not sources:  # a piecewise linear loss: its slope depends on the parameters through decisions alone
            masks = masks.through_decisions()
            sources = [c for u in updates for c in u.increments if masks.of(c)]
        stateful = any(self._meets_state(c) for c in sources)
        u = updates[-1]
        made = Gradient(step, step, sources[-1] if sources else u.new, u.entry, stateful, noise, [], decay)
        if signed and not stateful:
            under = np.asarray(self.increments.load(signed[-1]), float)
            way = _way(step, under)
            made.value, made.noise = way * under, 0.0
            made.alternatives = self.limits.before(signed[-1], u.entry, candidate.shape, way)
        elif stateful:
            found = self._dominator(candidate, sources, u.entry, self._beginning(candidate, updates[0]), masks)
            if found is not None:
                made.code, made.value, made.entry = found[0], self.value_after(found[0], found[1]), found[1]
                made.noise = 0.0
                made.alternatives = self.limits.before(found[0], found[1] + 1, candidate.shape)
            made.doubt = MIXED if found is None else ""
        elif any(self.increments.bends(u) for u in updates):
            made.doubt = BENT
        elif any(self.increments.is_of_several(u) for u in updates):
            made.doubt = SEVERAL
        elif len(sources) == 1 and len(updates) == 1:
            way = _way(step, np.asarray(self.increments.load(sources[0]), float))
            made.alternatives = self.limits.before(sources[0], u.entry, candidate.shape, way)
        if sources:
            most = max(sources, key=lambda c: masks.of(c).bit_count())  # beside it: the last move, a penalty
            made.factors = self.rates.of(made.code if stateful else most)
            for storage, value, active in made.factors:
                made.rate *= value if not active and (storage < 0 or self.rates.is_schedule(storage)) else 1.0
                if storage < 0 or self.rates.is_literal(storage):
                    made.rates.add(storage)
        return made

    def _meets_state(self, code: int) -> bool:
        storage = self.tape.storage_of(code)
        return storage in self.states or bool(self.state_masks.masks.get(storage, 0))

    def _beginning(self, candidate: Candidate, first: Update) -> int:
        """The first entry of the step that ends in this update: after the update before it."""
        begin = self.recording.entries[0] if self.recording.entries else 0
        for number, updates in enumerate(candidate.rounds[1:2], 1):
            if first in updates:
                begin = max(begin, candidate.rounds[number - 1][-1].entry + 1)
        return begin

    def _dominator(
        self, candidate: Candidate, sources: list[int], end: int, begin: int, masks: Masks
    ) -> tuple[int, int] | None:
        targets = [self.tape.storage_of(c) for c in sources]
        entries = backward_slice(self.tape, targets, end + 1, begin, self.updates - {end})
        old = {self.tape.storage_of(c) for c in (candidate.region, *(u.old for r in candidate.rounds[:2] for u in r))}
        graph = LossSide(self.tape, entries, masks, self.states, self.state_masks, old)
        if not graph.frontier:
            return None
        size = int(np.prod(candidate.shape, dtype=int))
        if len(graph.frontier) == 1:
            storage = next(iter(graph.frontier))
            if self.tape.storage_size(storage) == size and self.tape.storage_layout[storage] >= 0:
                makers = [e for e in graph.free if storage in self.tape.made(e)]
                return graph.read_as(storage * 4 + WHOLE), makers[-1]
        tried = 0
        for number in reversed(graph.free):
            template, inputs, outputs = self.tape.entry(number)
            codes = [c for c in outputs if c & 3 != CONST] or [self._assembled(inputs[i]) for i in template.writes]
            if not codes or int(np.prod(self.tape.shape_of(codes[0]), dtype=int)) != size:
                continue
            tried += 1
            if graph.dominates(number):
                return graph.read_as(codes[0]), number
            if tried > MOST_DOMINATORS:
                break
        return None

    def _assembled(self, code: int) -> int:
        """What a write completes: the whole array, where it is put together part by part."""
        storage = self.tape.storage_of(code)
        return storage * 4 + WHOLE if self.tape.storage_layout[storage] >= 0 else code

    def value_after(self, code: int, entry: int) -> np.ndarray:
        """An operand's value right after an entry: as its next reader saw it, where it is written again later."""
        storage = self.tape.storage_of(code)
        for number in self.recording.entries:
            if number > entry and number in self.recording.saved:
                codes = list(self.tape.entry(number)[1])
                for position, other in enumerate(codes):
                    if self.tape.storage_of(other) == storage and other == code:
                        return np.asarray(self.recording.saved[number][0][position], float)
        return np.asarray(self.increments.load(code), float)


def _way(step: np.ndarray, value: np.ndarray) -> float:
    """1 where a value goes the way of the step that it becomes, -1 where it is subtracted."""
    return -1.0 if step.size == value.size and np.vdot(step, value) < 0 else 1.0
