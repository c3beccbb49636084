"""The part of a gradient that is made from some values alone: a penalty from the parameter, noise from what was drawn.

A gradient is linear in what comes back from the loss. Its computation is replayed with zeros for all that the loss is
made from: what is left of it is what was added beside.
"""

from __future__ import annotations

import operator
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

from ..ops import is_linear, is_multilinear
from ..ops.arithmetic import QUOTIENTS, SUMS
from ..replay.forward import ReplayError
from ..replay.functions import IN_PLACE_OF, known_as
from ..replay.memory import State
from ..tape import CONST, Template
from .flow import MOVES, backward_slice
from .gradient import EPS, Gradient
from .hypotheses import Hypothesis
from .trials import Judgement, before
from .window import Version

MOST_ENTRIES = 20_000


class Apart:
    """The computation of one gradient, to be replayed in parts.

    Its leaves are what it reads and does not make. ``own`` is the parameter, ``noise`` what was drawn at random and is
    not in the loss; ``behind`` are both, and the arrays that the loss is made from.
    """

    def __init__(self, made: Judgement, h: Hypothesis, v: Version, g: Gradient) -> None:
        self.made, self.tape, self.version = made, made.window.tape, v
        # of several increments the sum is looked at: the new value less the old one
        self.steps = not g.stateful and not v.update.in_place and len(v.update.increments) > 1
        self.code = v.update.new if self.steps else g.code
        self.now = {self.tape.storage_of(c) for c in (v.code, v.update.old)}
        self.own = self.now | self._earlier(v)
        self.entries = self._slice(g.entry + (g.stateful or self.steps))  # an increment is read where it is added
        makes = {s for e in self.entries for s in self.tape.made(e)} - self.own
        self.written = makes | self.own
        self.leaves = {self.tape.storage_of(c) for e in self.entries for c in self._read(e)} - makes
        self.forward = _forward(made, h) if self.entries else set()
        data = self._arrays_of(self.forward)
        self.noise = self.tape.drawn - data
        self.behind = data | self.own | self.noise

    def of(self, sources: set[int]) -> np.ndarray | None:
        """What is left of the gradient with zeros for all that the loss is made from, but these.

        None where the computation is too long, or cannot be replayed so.
        """
        if not self.entries:
            return None
        assert self.made.recording is not None
        replay, state = self.made.recording.replay, self.made.recording.state.fork(self.written)
        mixed = self.behind - sources
        try:
            for storage in self.leaves & mixed:
                replay.put(state, storage, 0)
            for storage in self.now - mixed:
                replay.put(state, storage, before(self.made, self.version))
            for number in self.entries:
                self._execute(state, number, mixed)
            found = np.array(replay.load(state, self.code), float)
            return found - before(self.made, self.version) if self.steps and not self.now & mixed else found
        except (ReplayError, ValueError, TypeError):
            return None

    def rounding(self) -> np.ndarray | float:
        """How far rounding may take off what `of` gives."""
        return 4 * EPS * np.abs(np.asarray(before(self.made, self.version), float)) if self.steps else 0.0

    def _slice(self, end: int) -> list[int]:
        window, recording = self.made.window, self.made.recording
        assert recording is not None
        if len(recording.entries) > MOST_ENTRIES:
            return []
        maker = self.tape.storage_born[self.tape.storage_of(self.code)]
        begin, stops = window.begin, window.barriers.keys() - {maker}
        found = backward_slice(self.tape, {self.tape.storage_of(self.code)}, end, begin, stops)
        known = recording.entries[bisect_left(recording.entries, begin) : bisect_right(recording.entries, end)]
        return sorted((set(found) & set(known)) - set(stops))

    def _earlier(self, v: Version) -> set[int]:
        """Where earlier values of the parameter are held, of which a step may take its last move."""
        versions = (x for x in self.made.window.versions if x.candidate is v.candidate and x.round_ < v.round_)
        return {self.tape.storage_of(x.code) for x in versions}

    def _arrays_of(self, entries: set[int]) -> set[int]:
        """The arrays that entries read; numbers are settings."""
        read = {self.tape.storage_of(c) for e in entries for c in self._read(e)}
        return {s for s in read if self.tape.storage_layout[s] >= 0}

    def _read(self, entry: int) -> list[int]:
        return [c for c in self.tape.entry(entry)[1] if c & 3 != CONST]

    def _execute(self, state: State, number: int, mixed: set[int]) -> None:
        """Run an entry; what is no sum of its operands' parts becomes zero, and so does what the loss is made from."""
        assert self.made.recording is not None
        replay, tape = self.made.recording.replay, self.tape
        template, inputs, _ = tape.entry(number)
        which = [c & 3 != CONST and tape.storage_of(c) in mixed for c in inputs]
        made = tape.made(number)
        if not any(which) and not made & self.made.recording.written.keys():
            mixed -= made  # as it was recorded
            return
        if not any(which) or number not in self.forward and _is_linear(template, which):
            replay.run(state, (number,))
        else:
            for storage in made:
                replay.put(state, storage, 0)
        if any(which):
            mixed |= made
        elif not template.writes:
            mixed -= made


def _forward(made: Judgement, h: Hypothesis) -> set[int]:
    """The entries that the loss is made by; of a standard loss also those where output and target meet. Found once for
    all parameters.
    """
    key = ("forward", tuple(h.codes), h.last)
    if key not in made.kept:
        window, tape = made.window, made.window.tape
        read = (c for e in h.entries for c in tape.entry(e)[1] if c & 3 != CONST)
        targets = {tape.storage_of(c) for c in (*h.codes, *read)}
        entries = backward_slice(tape, targets, h.last, window.begin, window.barriers)
        made.kept[key] = set(entries).difference(window.barriers).union(h.entries)
    found: set[int] = made.kept[key]
    return found


def _is_linear(template: Template, mixed: Sequence[bool]) -> bool:
    """Whether an entry is linear in its mixed operands together, the others held."""
    fn = IN_PLACE_OF.get(template.fn, known_as(template.fn))
    if template.kind in MOVES or fn in SUMS or template.kind == "op" and is_linear(fn):
        return fn is not np.where or not mixed[0]
    if template.kind == "call":
        return fn is operator.setitem and not any(mixed[1:-1])
    return sum(mixed) == 1 and (is_multilinear(fn) or fn in QUOTIENTS and mixed[0])
