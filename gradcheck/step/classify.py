"""Parameters, optimiser state and the rest: what each updated location is for."""

from __future__ import annotations

import operator

from ..record.events import Update
from ..record.loops import Pass
from ..tape import CONST, Tape
from . import candidates as candidates_
from .candidates import Candidate
from .flow import Masks

MOST_LINKS = 80


def classify(tape: Tape, found: list[Candidate]) -> tuple[list[Candidate], list[Candidate], list[Candidate]]:
    """Parameters feed their own increment; state is read by a parameter's increment; the rest is copies and
    counters.
    """
    end = candidates_.last_entry(c.rounds[0] for c in found)
    sources = [(tape.storage_born[tape.storage_of(c.region)], tape.storage_of(c.region)) for c in found]
    masks = Masks(tape, sources, {}, end, pinned=False)
    own = [_increment_mask(tape, c, masks) for c in found]
    parameters = [c for i, c in enumerate(found) if own[i] >> i & 1]
    if not parameters:  # hinges: what is added does not depend on the parameters, whether it is added does
        decided = _decided(tape, masks, end, {tape.storage_of(c.region) for c in found})
        parameters = [c for i, c in enumerate(found) if decided >> i & 1]
        for c in parameters:
            c.decided = True
    velocities = [
        c for c in parameters if any(_drives(tape, c, p) and not _drives(tape, p, c) for p in parameters if p is not c)
    ]
    parameters = [c for c in parameters if c not in velocities]
    rest = [c for c in found if c not in parameters]
    states = [c for c in rest if any(moves(tape, c, p) for p in parameters)]
    states += [c for c in rest if c not in states and any(moves(tape, c, s) for s in states)]
    others = [c for c in found if c not in parameters and c not in states]
    return parameters, states, others


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
        place = _place(updates[0], p.step)
        new = {tape.storage_of(u.new) for u in every if _place(u, p.step) is place}
        if new and _reads(tape, updates, new, c.shape):
            return True
        direct = {tape.storage_of(code) for u in updates for code in u.increments}
        if direct & {tape.storage_of(u.new) for u in every}:
            return True
    return bool(_fresh(tape, c, p) & chain_of(tape, p.rounds[0], c.shape))


def learns(tape: Tape, c: Candidate) -> bool:
    """Whether something that was computed, or an array, is added: a rate that is halved now and then learns nothing."""
    codes = {code for r in c.rounds for u in r for code in u.increments}
    return any(tape.shape_of(code) != () or tape.storage_born[tape.storage_of(code)] >= 0 for code in codes)


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


def _reads(tape: Tape, updates: list[Update], targets: set[int], shape: tuple[int, ...]) -> bool:
    return bool(chain_of(tape, updates, shape) & targets)


def chain_of(tape: Tape, updates: list[Update], shape: tuple[int, ...]) -> set[int]:
    """Storages that enter the increments through elementwise entries of one shape."""
    queue = [code for u in updates for code in u.increments]
    found: set[int] = set()
    for code in queue:
        storage = tape.storage_of(code)
        if storage in found or len(found) > MOST_LINKS:
            continue
        found.add(storage)
        entry = tape.storage_born[storage] if storage >= 0 else -1
        if entry >= 0 and tape.templates[tape.entry_template[entry]].elementwise:
            queue += [i for i in tape.entry(entry)[1] if tape.storage_of(i) >= 0 and tape.shape_of(i) == shape]
    return found


def _increment_mask(tape: Tape, c: Candidate, masks: Masks) -> int:
    mask = 0
    for u in c.rounds[0]:
        for code in u.increments:
            mask |= masks.of(code)
    return mask


def _place(u: Update, step: Pass) -> Pass | None:
    """The pass of the step's loop (any activation of it) that an update lies in."""
    line = step.activation.line if step.activation is not None else None
    return next((p for p in u.place.chain() if p.activation is not None and p.activation.line is line), None)
