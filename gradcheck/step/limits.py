"""Gradients as they were before a clip, a sign or the like."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from ..replay.adjoint import Recording
from .classify import centres
from .flow import Masks
from .rates import Rates

LIMITERS = frozenset(
    (np.clip, np.ndarray.clip, np.sign, np.minimum, np.maximum, np.where, np.tanh, np.nan_to_num, np.round)
)
MOST_LINKS = 12


class Limits:
    """Looks behind the values of one recording."""

    def __init__(self, recording: Recording, masks: Masks, rates: Rates) -> None:
        self.recording = recording
        self.tape = recording.replay.tape
        self.masks = masks
        self.rates = rates

    def before(self, code: int, end: int, shape: tuple[int, ...], factor: float = 1.0) -> list[tuple[int, np.ndarray]]:
        """Values of one shape further up a chain that ends in a limiter, times the factors that come after them.

        The chain ends in what ``code`` holds right before the entry ``end``.
        """
        out: list[tuple[int, np.ndarray]] = []
        limited = False
        for _ in range(MOST_LINKS):
            entry = self.last_maker(code, end)
            if entry < 0:
                break
            template, inputs, _ = self.tape.entry(entry)
            active = [i for i, c in enumerate(inputs) if self.masks.of(c) and self.tape.shape_of(c) == shape]
            limited = limited or template.fn in LIMITERS or centres(self.tape, template.fn, inputs)
            if not active or template.kind not in ("op", "call"):
                break
            code, end = inputs[active[0]], entry
            factor *= self.rates.factor(entry)
            if limited:
                out.append((code, factor * np.asarray(self.recording.operands(entry)[0][active[0]], float)))
        return out

    def last_maker(self, code: int, end: int) -> int:
        """The last entry before ``end`` that made or wrote the operand's storage; -1 where this window did not."""
        storage = self.tape.storage_of(code)
        if storage < 0:
            return -1
        born = self.tape.storage_born[storage]
        if storage in self.recording.written:
            entries = self.recording.entries
            for number in reversed(entries[bisect_left(entries, born) : bisect_left(entries, end)]):
                if storage in self.tape.made(number):
                    return number
        return born
