"""Losses that the script computes elsewhere (once an epoch, on other data), carried over to the step's own values.

A scalar elsewhere on the tape ends a chain of operations whose beginnings are values that the step computes too, at the
same places of the source. The chain is executed again on the step's values: it becomes entries at the end of the tape.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from ..record.functions import Call
from ..replay.adjoint import Recording
from ..replay.forward import ReplayError
from ..tape import CONST, SCALAR, WHOLE, Tape
from .flow import FLAT, backward_slice
from .hypotheses import Hypothesis
from .window import Version, Window

MOST_TRIED = 24
LONGEST_TAIL = 60
MOST_BINDINGS = 8
MOST_LAYERS = 64
LONGEST_PASS = 20_000  # entries before a value that are looked at
Place = tuple[int, Any]  # site and function


def carried_over(
    tape: Tape,
    window: Window,
    calls: dict[int, list[Call]],
    recording: Recording,
    sites: frozenset[int] | None = None,
) -> list[Hypothesis]:
    """Hypotheses whose entries were appended to the tape; each is the loss of the first step.

    Only scalars made at ``sites`` are carried over, if that is given.
    """
    made: list[Hypothesis] = []
    index = _Step(tape, window, recording)
    for entry in _scalars_elsewhere(tape, index, calls):
        if sites is not None and tape.site_of(entry) not in sites:
            continue
        tail = _tail(tape, index, entry)
        if tail is None:
            continue
        for binding in _bindings(tape, index, tail, recording):
            found = _append(tape, index, tail, binding, recording)
            if found is not None:
                made.append(found)
                if len(made) >= MOST_TRIED:
                    return made
    return made


class _Step:
    """The values of the first step: by the place of the source that makes them, the targets that enter it, and the
    parameters, by every storage that ever holds a value of theirs.
    """

    def __init__(self, tape: Tape, window: Window, recording: Recording) -> None:
        self.tape = tape
        self.window = window
        self.made: dict[Place, list[int]] = {}
        self._ranks: dict[int, int] = {}
        self._updating: set[int] = set()
        self.parameters: dict[int, int] = {}
        first = [v for v in window.versions if v.round_ == 0]
        self.bits = 0
        for v in first:
            self.bits |= window.bit(v)
        written = set(recording.written)
        for v in first:
            if v.index == 0:
                updates = (u for r in v.candidate.rounds for u in r)
                storages = {tape.storage_of(code) for u in updates for code in (u.old, u.new)}
                code = self._copied(v, recording) if tape.storage_of(v.code) in written else v.code
                if code is not None:
                    self.parameters.update(dict.fromkeys(storages, code))
        self.begin = window.begin_of(window.pass_of(min(v.update.entry for v in first))) if first else 0
        entries = window.masks.entry_masks.items()
        inside = [number for number, mask in entries if number >= self.begin and mask & self.bits]
        for number in inside:
            self._add(number, recording, self.made)
        earlier: dict[Place, list[int]] = {}  # what the step is made of, not what is evaluated on other data
        for number in (n for n in self._behind(first) if n < self.begin):
            self._add(number, recording, earlier)
        self.made = earlier | self.made
        read = (code for number, _ in entries if number >= self.begin for code in tape.entry(number)[1])
        data = [c for c in read if c & 3 != CONST and not window.masks.of(c) and tape.shape_of(c) != ()]
        self.targets = list({tape.storage_of(c): c for c in reversed(data)}.values())[::-1]

    def _behind(self, first: list[Version]) -> list[int]:
        """The entries that depend on parameters and that the first increments are made from."""
        window, updates = self.window, [v.update for v in first]
        targets = {self.tape.storage_of(c) for u in updates for c in u.increments}
        end = max((u.entry for u in updates), default=-1) + 1
        found = backward_slice(self.tape, targets, end, window.begin, window.barriers)
        return [n for n in found if window.masks.entry_masks.get(n, 0) & self.bits]

    def _add(self, number: int, recording: Recording, made: dict[Place, list[int]]) -> None:
        template, inputs, outputs = self.tape.entry(number)
        if template.kind == "op" and len(outputs) == 1:
            if recording.written.get(self.tape.storage_of(outputs[0]), -1) <= number:
                made.setdefault((template.site, template.fn), []).append(outputs[0])
        for place in template.writes:
            self._filled(self.tape.storage_of(inputs[place]), made)

    def _filled(self, storage: int, made: dict[Place, list[int]]) -> None:
        """An array that is made empty and then written part by part."""
        born, code = self.tape.storage_born[storage], storage * 4 + WHOLE
        template = self.tape.entry(born)[0] if born >= self.window.begin else None
        if template is not None and template.kind == "create":
            known = made.setdefault((template.site, template.fn), [])
            if code not in known:
                known.append(code)

    def begins(self, code: int) -> bool:
        """Whether a tail may begin with a value: one that the step makes at the same place, or a parameter."""
        storage = self.tape.storage_of(code)
        born = self.tape.storage_born[storage]
        place = self.tape.templates[self.tape.entry_template[born]] if born >= 0 else None
        known = place is not None and (place.site, place.fn) in self.made and self.tape.shape_of(code) != ()
        return known or storage in self.parameters

    def same(self, code: int) -> int | None:
        """What the step makes at the place that made a value: of several in a row (a loop over layers) the one that as
        many lie before. None where there is none.
        """
        entry = self.tape.storage_born[self.tape.storage_of(code)]
        template = self.tape.templates[self.tape.entry_template[entry]]
        made = self.made.get((template.site, template.fn), [])
        if template.kind == "create":
            parts = writes(self.tape, self.tape.storage_of(code))
            made = [c for c in made if writes(self.tape, self.tape.storage_of(c)) == parts]
        if len(made) < 2:
            return made[0] if made else None
        wanted = self._rank(self.tape.storage_of(code), len(self.tape))
        ranks = (self._rank(self.tape.storage_of(c), self.window.end) for c in made[:MOST_LAYERS])
        return next((c for c, rank in zip(made, ranks, strict=False) if rank == wanted), None)

    def _rank(self, storage: int, end: int) -> int:
        """How many executions of the place that made a value came before it, on the way to what it holds in the end."""
        if storage not in self._ranks:
            tape = self.tape
            born = tape.storage_born[storage]
            behind = backward_slice(tape, {storage}, end, max(0, born - LONGEST_PASS), self._updates())
            same = tape.entry_template[born]
            self._ranks[storage] = sum(tape.entry_template[e] == same for e in behind)
        return self._ranks[storage]

    def _updates(self) -> set[int]:
        """The entries that made the values of parameters and state, in every step."""
        if not self._updating:
            every = [u for c in self.window.candidates for r in c.rounds for u in r]
            self._updating = {e for u in every for e in (u.entry, self.tape.storage_born[self.tape.storage_of(u.new)])}
        return self._updating

    def _copied(self, v: Version, recording: Recording) -> int | None:
        """A copy of a parameter that is updated in place: at the end of the tape its first value is gone. None where
        it is made in the step.
        """
        try:
            value = recording.replay.load(self.window.base, v.code)
        except ReplayError:
            return None
        return self.window.copy_of(v, value) if isinstance(value, np.ndarray) else None


def _scalars_elsewhere(tape: Tape, step: _Step, calls: dict[int, list[Call]]) -> list[int]:
    """Entries that made a scalar which a user function returned, or that lie outside the window: none of the first
    step's own.
    """
    window = step.window
    found: dict[tuple[int, Any], int] = {}
    for group in calls.values():
        for call in group:
            storage = tape.storage_of(call.result)
            entry = tape.storage_born[storage] if storage >= 0 else -1
            if entry >= 0 and not window.masks.entry_masks.get(entry, 0) & step.bits:
                template = tape.templates[tape.entry_template[entry]]
                found.setdefault((template.site, template.fn), entry)
    start = window.end
    before = (e for e in window.masks.entry_masks if e < step.begin)
    for entry in chain(before, range(start, min(len(tape), start + 400_000))):
        template, _, outputs = tape.entry(entry)
        if template.kind == "op" and len(outputs) == 1 and outputs[0] & 3 == SCALAR and template.fn not in FLAT:
            found.setdefault((template.site, template.fn), entry)
            if len(found) > 400:
                break
    over = max((u.entry for c in window.candidates for u in c.rounds[0]), default=0)
    every = window.masks.entry_masks.items()
    own = (e for e, mask in every if e >= step.begin and (mask & step.bits or e <= over))  # the latter: an optimiser's
    inside = {(tape.site_of(e), tape.templates[tape.entry_template[e]].fn) for e in own}
    return [e for key, e in found.items() if key not in inside]


def _tail(tape: Tape, step: _Step, entry: int) -> list[int] | None:
    """The entries between values that the step makes too and the scalar, in order; None when there is no such
    beginning.
    """
    queue, seen, reaches = [entry], {entry}, False
    for number in queue:
        if len(queue) > LONGEST_TAIL:
            return None
        template, inputs, _ = tape.entry(number)
        if template.kind not in ("op", "element", "create"):
            return None
        for code in inputs:
            storage = tape.storage_of(code)
            born = tape.storage_born[storage] if code & 3 != CONST else -1
            reaches = reaches or code & 3 != CONST and storage in step.parameters
            if born < 0 or born in seen:
                continue
            source = tape.templates[tape.entry_template[born]]
            if step.begins(code):
                reaches = True
                continue
            if tape.shape_of(code) != () and born < step.window.begin:  # data, made before the training
                continue
            if source.kind == "create" and writes(tape, storage):
                return None
            seen.add(born)
            queue.append(born)
    return sorted(seen) if reaches else None


def writes(tape: Tape, storage: int) -> list[int]:
    """The templates that write into a storage, in order."""
    born = tape.storage_born[storage]
    found = []
    for number in range(born + 1, min(len(tape), born + LONGEST_PASS)):
        template = tape.templates[tape.entry_template[number]]
        start = tape.entry_start[number]
        if any(tape.storage_of(tape.operands[start + place]) == storage for place in template.writes):
            found.append(tape.entry_template[number])
    return found


def _bindings(tape: Tape, step: _Step, tail: list[int], recording: Recording) -> list[dict[int, int]]:
    """Ways to put the step's values in place of those at the beginning of the tail: operand code -> operand code."""
    inside = {tape.storage_of(c) for e in tail for c in tape.entry(e)[2]}
    fixed: dict[int, int] = {}
    free: list[int] = []
    for number in tail:
        for code in tape.entry(number)[1]:
            storage = tape.storage_of(code)
            if code & 3 == CONST or storage in inside or code in fixed or code in free or tape.shape_of(code) == ():
                continue
            same = step.same(code) if tape.storage_born[storage] >= 0 else None
            if storage in step.parameters or same is not None:
                there = _same_part(tape, code, step.parameters.get(storage, same if same is not None else -1))
                if there is None:
                    return []
                fixed[code] = there
            else:
                free.append(code)
    out = [dict(fixed)]
    for code in free:
        choices = [t for t in step.targets if _alike(tape, code, t, fixed)][:MOST_BINDINGS]
        out = [{**b, code: c} for b in out for c in choices][:MOST_BINDINGS]
    return out


def _same_part(tape: Tape, code: int, new: int) -> int | None:
    """What an operand is of its storage, of another: the whole, or all of it with its axes in another order, or without
    or with axes of length one.
    """
    storage = tape.storage_of(new)
    if code & 3 == WHOLE or new & 3 != WHOLE:
        return new if code & 3 == new & 3 == WHOLE else None
    _, offset, number = tape.views[code >> 2]
    shape, strides, dtype = tape.layouts[number]
    before = list(zip(*tape.layouts[tape.storage_layout[tape.storage_of(code)]][:2], strict=True))
    there = tape.layouts[tape.storage_layout[storage]]
    axes = list(zip(shape, strides, strict=True))
    long, known = ([axis for axis in every if axis[0] != 1] for every in (axes, before))
    if offset or sorted(long) != sorted(known) or len(set(known)) != len(known) or len(there[0]) != len(before):
        return None
    new_axes = list(zip(there[0], there[1], strict=True))
    found = [axis if axis[0] == 1 else new_axes[before.index(axis)] for axis in axes]
    layout = tape.layout(tuple(n for n, _ in found), tuple(s for _, s in found), dtype)
    return tape.view(storage, 0, layout)


def _alike(tape: Tape, old: int, new: int, fixed: dict[int, int]) -> bool:
    """Same number of axes, and the same relation to the output that is already in place."""
    a, b = tape.shape_of(old), tape.shape_of(new)
    if len(a) != len(b):
        return False
    for before, after in fixed.items():
        p, q = tape.shape_of(before), tape.shape_of(after)
        if (a == p) != (b == q) or (a[:1] == p[:1]) != (b[:1] == q[:1]):
            return False
    return True


def _append(
    tape: Tape, step: _Step, tail: list[int], binding: dict[int, int], recording: Recording
) -> Hypothesis | None:
    """Execute the tail on the step's values and append it; None when an operation does not take them."""
    replay, state = recording.replay, recording.state
    renamed = dict(binding)
    mask = 0
    new: list[int] = []
    begin = len(tape)
    for number in tail:
        template, inputs, outputs = tape.entry(number)
        codes = []
        for code in inputs:
            if code in renamed:
                codes.append(renamed[code])
            elif code & 3 == 2 and tape.storage_of(code) * 4 + WHOLE in renamed:
                return None
            else:
                codes.append(code)
        try:
            values = [replay.load(state, c) for c in codes]
            with np.errstate(all="ignore"):
                value = _execute(template, values)
        except (ReplayError, Exception):
            return None
        if template.several or not isinstance(value, float | np.floating | np.ndarray):
            return None
        for code in codes:
            mask |= step.window.masks.of(code)
        renamed[outputs[0]] = result = _store(tape, replay, state, value)
        new.append(tape.append(tape.entry_template[number], [*codes, result]))
        tape.storage_born[tape.storage_of(result)] = new[-1]
        if mask:
            step.window.masks.masks[tape.storage_of(result)] = mask
    last = renamed[tape.entry(tail[-1])[2][0]]
    if tape.shape_of(last) != () or not mask:
        return None
    template = tape.entry(tail[-1])[0]
    found = Hypothesis(template.site, [last], [new[-1]], False, mask, str(template.fn))
    found.tail = list(range(begin, len(tape)))
    return found


def _execute(template: Any, values: list[Any]) -> Any:
    if template.kind == "element":
        return values[0][()]
    args, kwargs = template.arguments(values)
    return template.fn(*args, **kwargs)


def _store(tape: Tape, replay: Any, state: Any, value: Any) -> int:
    """A new storage for a value, already filled in the state."""
    if isinstance(value, np.ndarray):
        copy = np.array(value, order="C")
        layout = tape.layout(copy.shape, tuple(s // copy.itemsize for s in copy.strides), copy.dtype)
        storage = tape.new_storage(layout, len(tape))
        replay.put(state, storage, copy)
        return storage * 4 + WHOLE
    storage = tape.new_storage(-1, len(tape))
    state.values[storage] = value
    return storage * 4 + SCALAR


def extend(recording: Recording, window: Window, h: Hypothesis) -> Recording | None:
    """The recording with the hypothesis's own entries after it (their values are in the state already)."""
    other = Recording(recording.replay, recording.state, [*recording.entries, *h.tail])
    other.saved = recording.saved
    window.forget_active()
    for number in h.tail:
        window.masks.entry_masks[number] = h.mask
    return other
