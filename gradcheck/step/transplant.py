"""Losses that the script computes elsewhere (once an epoch, on other data), carried over to the step's own values.

A scalar elsewhere on the tape ends a chain of operations whose beginnings are values that the step computes too, at the
same places of the source. The chain is executed again on the step's values: it becomes entries at the end of the tape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..record.functions import Call
from ..replay.adjoint import Recording
from ..replay.forward import ReplayError
from ..tape import CONST, SCALAR, WHOLE, Tape
from .flow import FLAT
from .hypotheses import Hypothesis
from .window import Version, Window

MOST_TRIED = 24
LONGEST_TAIL = 60
MOST_BINDINGS = 8


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
        self.made: dict[tuple[int, Any], list[int]] = {}
        self.parameters: dict[int, int] = {}
        self.targets: list[int] = []
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
        seen: set[int] = set()
        for number, mask in window.masks.entry_masks.items():
            template, inputs, outputs = tape.entry(number)
            if mask & self.bits and template.kind == "op" and len(outputs) == 1:
                if recording.written.get(tape.storage_of(outputs[0]), -1) <= number:
                    self.made.setdefault((template.site, template.fn), []).append(outputs[0])
            for code in inputs:
                storage = tape.storage_of(code)
                if (
                    code & 3 != CONST
                    and storage not in seen
                    and not window.masks.of(code)
                    and tape.shape_of(code) != ()
                ):
                    seen.add(storage)
                    self.targets.append(code)

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
    for entry in range(start, min(len(tape), start + 400_000)):
        template, _, outputs = tape.entry(entry)
        if template.kind == "op" and len(outputs) == 1 and outputs[0] & 3 == SCALAR and template.fn not in FLAT:
            found.setdefault((template.site, template.fn), entry)
            if len(found) > 400:
                break
    own = (e for e, mask in window.masks.entry_masks.items() if mask & step.bits)
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
            if tape.shape_of(code) != () and ((source.site, source.fn) in step.made or storage in step.parameters):
                reaches = True
                continue
            if tape.shape_of(code) != () and born < step.window.begin:  # data, made before the training
                continue
            seen.add(born)
            queue.append(born)
    return sorted(seen) if reaches else None


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
            born = tape.storage_born[storage]
            source = tape.templates[tape.entry_template[born]] if born >= 0 else None
            made = step.made.get((source.site, source.fn), []) if source is not None else []
            if storage in step.parameters or made:
                there = _same_part(tape, code, step.parameters.get(storage, made[0] if made else -1))
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
    """What an operand is of its storage, of another: the whole or all of it with its axes in another order."""
    storage = tape.storage_of(new)
    if code & 3 == WHOLE or new & 3 != WHOLE:
        return new if code & 3 == new & 3 == WHOLE else None
    _, offset, number = tape.views[code >> 2]
    shape, strides, dtype = tape.layouts[number]
    before = list(zip(*tape.layouts[tape.storage_layout[tape.storage_of(code)]][:2], strict=True))
    there = tape.layouts[tape.storage_layout[storage]]
    axes = list(zip(shape, strides, strict=True))
    if offset or sorted(axes) != sorted(before) or len(set(before)) != len(before) or len(there[0]) != len(axes):
        return None
    order = [before.index(axis) for axis in axes]
    layout = tape.layout(tuple(there[0][i] for i in order), tuple(there[1][i] for i in order), dtype)
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
