"""Parameters that take another size while they are trained: a number that becomes a vector by broadcasting.

A gradient has the size of what it belongs to. So the steps up to the last that changes a parameter's size are left out,
for all that is updated beside it too: from there on every step is like the one before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..record.events import Update
from ..tape import WHOLE, Tape
from .candidates import Candidate
from .classify import pass_of


@dataclass(frozen=True, slots=True)
class Widened:
    """A parameter whose size was changed by an update at ``site``; it has no rounds where no step came after that."""

    candidate: Candidate
    site: int
    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def why(self) -> str:
        """What happened, in words."""
        return f"its shape goes from {self.before} to {self.after} by broadcasting"


def leave_out(tape: Tape, parameters: Sequence[Candidate], beside: Sequence[Candidate]) -> list[Widened]:
    """Begin after the steps that change the size of a parameter; returns those that change."""
    found: list[Widened] = []
    end = -1
    for c in parameters:
        changes = [u for r in c.rounds for u in r if changes_size(tape, u)]
        if changes:
            last = changes[-1]
            found.append(Widened(c, last.site, tape.shape_of(c.first.old), tape.shape_of(last.new)))
            end = max(end, _end_of_step(c, last))
    grown = [w.candidate for w in found]
    for c in (*parameters, *beside) if found else ():
        _begin_after(tape, c, end, keep=c not in grown)
    return found


def changes_size(tape: Tape, u: Update) -> bool:
    """Whether the new value has another number of entries; ``()`` and ``(1,)`` are both one number."""
    return not u.in_place and math.prod(tape.shape_of(u.old)) != math.prod(tape.shape_of(u.new))


def _end_of_step(c: Candidate, last: Update) -> int:
    """One past the last entry of the step that an update lies in."""
    activation = c.step.activation if c.step is not None else None
    later = [e for e in activation.entries if e > last.entry] if activation is not None else []
    return min(later, default=last.entry + 1)


def _begin_after(tape: Tape, c: Candidate, end: int, *, keep: bool) -> None:
    """Leave out a candidate's steps before an entry; ``keep``: unless nothing would be left."""
    rounds = [r for r in c.rounds if r[0].entry >= end]
    if not rounds and keep:
        return
    c.rounds = rounds
    if rounds:
        old = c.first.old
        c.region = tape.storage_of(old) * 4 + WHOLE if c.whole else old
        c.shape = tape.shape_of(c.region)
        c.step = pass_of(c.first, c.step) if c.step is not None else None
