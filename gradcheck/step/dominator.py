"""Dominators: the last value that every loss-dependent path of an increment passes before it meets optimiser state."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ..tape import CONST, Tape
from .flow import Masks

SIZES = frozenset((np.linalg.norm, np.sum, np.ndarray.sum, np.mean, np.ndarray.mean, np.dot, np.ndarray.dot, np.vdot))


class LossSide:
    """The loss-dependent entries behind an increment, split at optimiser state."""

    def __init__(
        self,
        tape: Tape,
        entries: Iterable[int],
        masks: Masks,
        states: set[int],
        state_masks: Masks,
        old: set[int],
    ) -> None:
        self.tape = tape
        self.active = [e for e in entries if masks.entry_masks.get(e)]
        self.masks = masks

        def stateful(number: int) -> bool:
            return bool(tape.made(number) & states) or bool(state_masks.entry_masks.get(number))

        self.free = [e for e in self.active if not stateful(e)]
        free = set(self.free)
        made = {s for e in self.free for s in self.tape.made(e)}
        crossing = (c for e in self.active if e not in free for c in tape.entry(e)[1] if c & 3 != CONST)
        decay = self._decay(old)
        self.crossing = {c for c in crossing if tape.storage_of(c) in made and tape.storage_of(c) not in decay}
        self.frontier = {tape.storage_of(c) for c in self.crossing}

    def _decay(self, old: set[int]) -> set[int]:
        """What is made elementwise from the parameter's ``old`` storages alone, or is their norm: decay, or a rate of a
        layer's own. No loss is behind it.
        """
        tape = self.tape
        found = set(old)
        for number in self.free:
            template, inputs, _ = tape.entry(number)
            active = {tape.storage_of(c) for c in inputs if c & 3 != CONST and self.masks.of(c)}
            if (template.elementwise or self._is_size(number)) and active <= found:
                found |= self.tape.made(number)
        return found

    def _is_size(self, number: int) -> bool:
        """Whether an entry adds up all that it reads: a norm, or a part of one."""
        template = self.tape.entry(number)[0]
        return template.fn in SIZES and all(self.tape.shape_of(c) == () for c in self.tape.results(number))

    def dominates(self, blocked: int) -> bool:
        """Whether no frontier value depends on the parameters except through this entry."""
        tape = self.tape
        cut = self.tape.made(blocked)
        if not self._leads_on(blocked):
            return False
        alive: set[int] = set()
        inside = {s for e in self.free for s in self.tape.made(e)}
        for number in self.free:
            inputs = tape.entry(number)[1]
            if number == blocked:
                alive -= cut
                continue
            live = any(
                tape.storage_of(c) in alive or (tape.storage_of(c) not in inside and self.masks.of(c))
                for c in inputs
                if c & 3 != CONST
            )
            if live:
                alive |= tape.made(number)
        return not alive & self.frontier

    def read_as(self, code: int) -> int:
        """A value as the optimiser reads it, where that is one view of all of it: transposed, reshaped."""
        tape = self.tape
        size = math.prod(tape.shape_of(code))
        read = {c for c in self.crossing if tape.storage_of(c) == tape.storage_of(code)}
        whole = [c for c in read if math.prod(tape.shape_of(c)) == size]
        return whole[0] if len(whole) == 1 else code

    def _leads_on(self, blocked: int) -> bool:
        """Whether the entry reaches the frontier at all."""
        reached = self.tape.made(blocked)
        if reached & self.frontier:
            return True
        for number in self.free:
            if number > blocked:
                inputs = self.tape.entry(number)[1]
                if any(self.tape.storage_of(c) in reached for c in inputs if c & 3 != CONST):
                    reached |= self.tape.made(number)
        return bool(reached & self.frontier)
