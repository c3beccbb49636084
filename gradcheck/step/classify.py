"""Parameters, optimiser state and the rest: what each updated location is for."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..ops.arithmetic import PRODUCTS, QUOTIENTS, SUBTRACTIONS, SUMS
from ..record.events import Update
from ..record.loops import Pass
from ..tape import CONST, Tape
from . import candidates as candidates_
from .averages import is_average
from .candidates import Candidate
from .flow import Masks

MOST_LINKS = 80
TERMS = SUMS | {operator.neg, operator.pos, np.negative}


def classify(tape: Tape, found: list[Candidate]) -> tuple[list[Candidate], list[Candidate], list[Candidate]]:
    """Parameters feed their own increment; state is read by a parameter's increment; the rest is copies and
    counters.
    """
    end = candidates_.last_entry(c.rounds[0] for c in found)
    sources = [(tape.storage_born[tape.storage_of(c.region)], tape.storage_of(c.region)) for c in found]
    masks = Masks(tape, sources, {}, end, pinned=False)
    own = [_increment_mask(tape, c, masks) for c in found]
    parameters = [c for i, c in enumerate(found) if own[i] >> i & 1 and not _follows(tape, c)]
    parameters = [c for c in parameters if not is_average(tape, c)] or parameters
    if not parameters:  # margins: what is added depends on which of them are violated
        wider = masks.through_decisions()
        parameters = [c for i, c in enumerate(found) if _increment_mask(tape, c, wider) >> i & 1]
    if not parameters:  # hinges: what is added does not depend on the parameters, whether it is added does
        decided = _decided(tape, masks, end, {tape.storage_of(c.region) for c in found})
        parameters = [c for i, c in enumerate(found) if decided >> i & 1]
        for c in parameters:
            c.decided = True
    parameters = [c for c in parameters if not any(_lags(tape, c, p) for p in parameters if p is not c)]
    velocities = [c for c in parameters if any(_leads(tape, masks, c, p) for p in parameters if p is not c)]
    parameters = [c for c in parameters if c not in velocities]
    rest = [c for c in found if c not in parameters]
    states = [c for c in rest if any(_drives(tape, c, p) or _scales(tape, c, p) for p in parameters)]
    states += [c for c in rest if c not in states and any(moves(tape, c, s) for s in states)]
    others = [c for c in found if c not in parameters and c not in states]
    return parameters, states, others


def _follows(tape: Tape, c: Candidate) -> bool:
    """Whether a value only moves towards another, ``c += rate * (x - c)``: all that its step reads it for is its own
    next value, by sums and plain factors. A running mean, a moment.
    """
    if c.shape == () or c.step is None or len(c.rounds[0]) > 1:
        return False
    u = c.first
    later = (e for e in (c.step.activation.entries if c.step.activation is not None else ()) if e > u.entry)
    follow = {tape.storage_of(c.region), tape.storage_of(u.old)}
    for number in range(c.step.entry, min(later, default=len(tape))):
        if number == u.entry:
            continue
        template, inputs, outputs = tape.entry(number)
        read = [i for i in inputs if i & 3 != CONST and tape.storage_of(i) in follow]
        if not read:
            continue
        others = [i for i in inputs if i not in read]
        factor = template.fn in PRODUCTS or template.fn in QUOTIENTS and inputs[0] in read
        scaled = factor and all(tape.shape_of(i) == () for i in others)
        if not (template.fn in TERMS or scaled):
            return False
        if any(tape.shape_of(o) != c.shape for o in outputs):
            return False
        follow |= tape.made(number)
    return True


def gathers(tape: Tape, c: Candidate, parameters: list[Candidate], states: list[Candidate]) -> bool:
    """Whether a candidate gathers gradients over several passes and is set back after each update of a parameter: what
    it holds belongs to the gradient, not to the optimiser.
    """
    every = [u for r in c.rounds for u in r]
    for p in parameters:
        ends = [r[-1].entry for r in p.rounds]
        first = [next((u for u in every if u.entry > end), None) for end in ends]
        resets = [u.reset for u in first if u is not None]
        between = sum(ends[0] < u.entry < ends[-1] for u in every)
        read = (s is not c and _drives(tape, c, s) for s in (p, *states) if s.shape == c.shape)
        if resets and all(resets) and between > len(ends) - 1 and p.shape == c.shape and any(read):
            return True
    return False


def _decided(tape: Tape, masks: Masks, end: int, direct: set[int]) -> int:
    """What the recorded decisions depend on, other than by comparing the value itself."""
    found = 0
    for number, mask in masks.entry_masks.items():
        if number < end and tape.templates[tape.entry_template[number]].kind == "guard":
            if not any(tape.storage_of(c) in direct for c in tape.entry(number)[1] if c & 3 != CONST):
                found |= mask
    return found


def moves(tape: Tape, c: Candidate, p: Candidate) -> bool:
    """Whether a new value of ``c`` enters an increment of ``p`` elementwise in the same step: a velocity or
    the like.
    """
    if c.shape != p.shape or p.step is None:
        return False
    every = [u for r in c.rounds[:3] for u in r]
    for updates in p.rounds[:2]:
        place = pass_of(updates[0], p.step)
        new = [u for u in every if pass_of(u, p.step) is place]
        if new and _reads(tape, updates, new, c.shape):
            return True
        direct = {tape.storage_of(code) for u in updates for code in u.increments}
        if direct & {tape.storage_of(u.new) for u in every}:
            return True
    return bool(_fresh(tape, c, p) & chain_of(tape, p.rounds[0], c.shape))


def learns(tape: Tape, c: Candidate) -> bool:
    """Whether something that was computed, or an array, is added: a rate that is halved now and then learns nothing,
    nor does a running mean.
    """
    codes = {code for r in c.rounds for u in r for code in u.increments}
    return not is_average(tape, c) and any(
        tape.shape_of(code) != () or tape.storage_born[tape.storage_of(code)] >= 0 for code in codes
    )


def _drives(tape: Tape, c: Candidate, p: Candidate) -> bool:
    """Whether ``c`` enters an increment of ``p`` elementwise: as it is made in the same step, or as it was before."""
    if moves(tape, c, p):
        return True
    if p.shape == ():  # between numbers everything is elementwise
        return False
    before = {tape.storage_of(u.old) for r in c.rounds[:2] for u in r} | {tape.storage_of(c.region)}
    return c.shape == p.shape and bool(chain_of(tape, [u for r in p.rounds[:2] for u in r], p.shape) & before)


def _fresh(tape: Tape, c: Candidate, p: Candidate) -> set[int]:
    """State that began as a plain number: its first array was made inside the step."""
    old = tape.storage_of(c.first.old)
    born = tape.storage_born[old]
    made = born >= 0 and tape.templates[tape.entry_template[born]].fn is not operator.pos
    return {old} if p.step is not None and made and born >= p.step.entry else set()


def _lags(tape: Tape, c: Candidate, p: Candidate) -> bool:
    """Whether ``c`` follows ``p`` entry by entry and nothing else reads it: a running average of the weights."""
    return c.shape != () and _drives(tape, p, c) and not _drives(tape, c, p) and not _spreads(tape, c, True)


def _scales(tape: Tape, c: Candidate, p: Candidate) -> bool:
    """Whether ``c`` has a number for each row or column of ``p`` and enters its increments by broadcasting."""
    k = len(c.shape)
    if not 0 < k < len(p.shape) or c.shape not in (p.shape[:k], p.shape[-k:]):
        return False
    wanted = {tape.storage_of(u.new) for r in c.rounds[:2] for u in r}

    def wide(_: int, inputs: list[int]) -> list[int]:
        return [i for i in inputs if len(tape.shape_of(i)) >= k]

    return any(storage in wanted for storage, _ in _links(tape, p.rounds[0], wide))


def _leads(tape: Tape, masks: Masks, c: Candidate, p: Candidate) -> bool:
    """Whether ``c`` drives ``p`` and is not driven by it: a velocity that decays its parameter reads the old value.

    What is read by more than entry-by-entry operations is a weight, and what drives one without being so read itself is
    none. Between numbers there is nothing else: there, what multiplies another value that depends on parameters is one.
    """
    if (p.shape == () and not _handed_on(tape, masks, c, p)) or (p.shape != () and _spreads(tape, c)):
        return False
    if p.shape != () and _spreads(tape, p) and _drives(tape, c, p):
        return True
    return (_drives(tape, c, p) and not _drives(tape, p, c)) or (moves(tape, c, p) and not moves(tape, p, c))


def _handed_on(tape: Tape, masks: Masks, c: Candidate, p: Candidate) -> bool:
    """Whether increments of ``p`` are sums with ``c`` in them, times or over what no parameter is behind."""
    wanted = {tape.storage_of(code) for r in c.rounds[:3] for u in r for code in (u.old, u.new)}

    def summed(entry: int, inputs: list[int]) -> list[int]:
        active = [i for i in inputs if masks.of(i)]
        return active if len(active) == 1 or tape.entry(entry)[0].fn not in (operator.mul, np.multiply) else []

    return any(storage in wanted for storage, _ in _links(tape, p.rounds[0], summed))


def _spreads(tape: Tape, c: Candidate, through: bool = False) -> bool:
    """Whether a first value is read by an operation that makes an array of another shape of it; with ``through`` also
    what is made of it entry by entry (a point ahead of the weights), as always where it is one number in an array.
    """
    follow = {tape.storage_of(c.region), tape.storage_of(c.first.old)}
    single = math.prod(c.shape) == 1
    kinds = ("op", "element") if single else ("op",)
    begin = c.step.entry if c.step is not None else 0
    for number in range(begin, c.rounds[0][-1].entry):
        template, inputs, outputs = tape.entry(number)
        into = template.kind == "inplace"  # `z += b` spreads b as `z + b` does
        made, read = (inputs[:1], inputs[1:]) if into else (outputs, inputs)
        if not into and (template.kind not in kinds or not outputs or outputs[0] & 3 == CONST):
            continue
        if any(i & 3 != CONST and tape.storage_of(i) in follow for i in read):
            if tape.shape_of(made[0]) not in (c.shape, ()):
                return True
            if not into and ((through and template.elementwise) or single):
                follow.add(tape.storage_of(made[0]))
    return False


def _reads(tape: Tape, updates: list[Update], made: list[Update], shape: tuple[int, ...]) -> bool:
    """Whether the increments read what some updates made; after the update where that was in place."""
    found = _readings(tape, updates, shape)
    storages = ((tape.storage_of(u.new), u.entry if u.in_place else -1) for u in made)
    return any(found.get(storage, -1) > since for storage, since in storages)


def behind_signs(tape: Tape, increments: list[int], shape: tuple[int, ...]) -> list[int]:
    """What a sign is taken of on the way to an increment, entry by entry: an optimiser that steps by the sign."""
    queue, seen, found = list(increments), set(increments), []
    for code in queue:
        entry = tape.storage_born[tape.storage_of(code)] if code & 3 != CONST and len(seen) < MOST_LINKS else -1
        if entry < 0 or not tape.entry(entry)[0].elementwise:
            continue
        inputs = [i for i in tape.entry(entry)[1] if i & 3 != CONST and tape.shape_of(i) == shape and i not in seen]
        seen.update(inputs)
        if tape.entry(entry)[0].fn is np.sign:
            found += inputs
        else:
            queue += inputs
    return found


def chain_of(tape: Tape, updates: list[Update], shape: tuple[int, ...]) -> set[int]:
    """Storages that enter the increments through elementwise entries of one shape."""
    return set(_readings(tape, updates, shape))


def _readings(tape: Tape, updates: list[Update], shape: tuple[int, ...]) -> dict[int, int]:
    """The same, with the entry that reads each."""
    return dict(_links(tape, updates, lambda _, inputs: [i for i in inputs if tape.shape_of(i) == shape]))


def _links(
    tape: Tape, updates: list[Update], follow: Callable[[int, list[int]], list[int]]
) -> Iterator[tuple[int, int]]:
    """Storages that enter the increments through elementwise entries, each once, with the entry that reads it.

    ``follow`` is given an entry and its operands and picks those to go on with.
    """
    queue = [(code, u.entry) for u in updates for code in u.increments]
    seen: set[int] = set()
    for code, reader in queue:
        storage = tape.storage_of(code)
        if storage < 0 or storage in seen or len(seen) > MOST_LINKS:
            continue
        seen.add(storage)
        yield storage, reader
        entry = tape.storage_born[storage]
        if entry >= 0 and tape.templates[tape.entry_template[entry]].elementwise:
            inputs = [i for i in tape.entry(entry)[1] if i & 3 != CONST]
            queue += [(i, entry) for i in follow(entry, inputs)]


def _increment_mask(tape: Tape, c: Candidate, masks: Masks) -> int:
    mask = 0
    for u in c.rounds[0]:
        for code in (*u.increments, *behind_signs(tape, u.increments, c.shape)):
            mask |= masks.of(code)
    return mask


def pass_of(u: Update, step: Pass) -> Pass | None:
    """The pass of the step's loop (any activation of it) that an update lies in."""
    line = step.activation.line if step.activation is not None else None
    return next((p for p in u.place.chain() if p.activation is not None and p.activation.line is line), None)


def centres(tape: Tape, fn: Any, inputs: Sequence[int]) -> bool:
    """Whether an operation takes its mean off a value."""
    if fn not in SUBTRACTIONS or len(inputs) != 2 or inputs[1] & 3 == CONST:
        return False
    entry = tape.storage_born[tape.storage_of(inputs[1])]
    template, read, _ = tape.entry(max(entry, 0))
    return entry >= 0 and template.fn in (np.mean, np.ndarray.mean) and inputs[0] in read
