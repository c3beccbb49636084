"""Dependence on the tape: what reaches what. Storages stand for values; order is program order."""

from __future__ import annotations

import operator
from collections.abc import Iterable

import numpy as np

from ..tape import CONST, Tape

MOVES = frozenset(("store", "set", "element"))  # kinds of entries that write or read entries of an array
FLAT = frozenset(
    (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)
    + (np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal)
    + (np.argmax, np.argmin, np.argsort, np.sign, np.floor, np.ceil, np.rint, np.isnan, np.isfinite)
    + (np.round, np.around, np.ndarray.round, np.trunc, np.fix, round)
    + (np.logical_and, np.logical_or, np.logical_not, np.ndarray.argmax, np.ndarray.argmin, np.ndarray.argsort)
    + (np.zeros_like, np.ones_like, np.shape, np.size, np.nonzero, np.unique, np.heaviside)
)


class Masks:
    """Forward dependence on *sources*: bit i of a storage's mask says that its value depends on source i.

    A source is (entry, storage): from that entry on (-1: from the start) the storage holds the source's value. A
    *barrier* is an
    entry after which a storage holds a value that counts as given: its mask becomes that of the sources that begin
    there, else zero. A pinned source keeps its mask whatever is written to it before the next barrier. Only what
    carries a
    derivative counts; with ``decisions`` also what is compared.
    """

    def __init__(
        self,
        tape: Tape,
        sources: list[tuple[int, int]],
        barriers: dict[int, int],
        end: int,
        pinned: bool = True,
        decisions: bool = False,
    ) -> None:
        self.tape = tape
        self.decisions = decisions
        self._made_of = (sources, barriers, end, pinned)
        self._wider: Masks | None = None
        self.masks: dict[int, int] = {}
        self.entry_masks: dict[int, int] = {}  # entry -> mask of what it made, where not zero
        self.at_start: dict[int, int] = {}
        self.begins: dict[int, dict[int, int]] = {}
        for bit, (entry, storage) in enumerate(sources):
            if entry < 0:
                self.at_start[storage] = self.at_start.get(storage, 0) | 1 << bit
            else:
                places = self.begins.setdefault(entry, {})
                places[storage] = places.get(storage, 0) | 1 << bit
        self.barriers = barriers
        self.pinned = pinned
        self._run(end)

    def _run(self, end: int) -> None:
        tape, masks = self.tape, self.masks
        templates, ids, starts, operands, views = (
            tape.templates,
            tape.entry_template,
            tape.entry_start,
            tape.operands,
            tape.views,
        )
        pinned = dict(self.at_start) if self.pinned else {}
        masks.update(self.at_start)
        masks.update(pinned)
        for number in range(end):
            template = templates[ids[number]]
            start = starts[number]
            middle = start + template.inputs
            mask = 0
            for i in range(start, middle):
                code = operands[i]
                tag = code & 3
                if tag != CONST:
                    storage = views[code >> 2][0] if tag == 2 else code >> 2
                    found = masks.get(storage)
                    if found:
                        mask |= found
            if mask:
                if template.fn in FLAT and template.kind != "guard" and not self.decisions:
                    mask = 0
                else:
                    self.entry_masks[number] = mask
            for i in range(middle, middle + template.outputs):
                code = operands[i]
                if code & 3 != CONST:
                    self._give(tape.storage_of(code), mask, pinned, False)
            for place in template.writes:
                if mask:
                    self._give(tape.storage_of(operands[start + place]), mask, pinned, True)
            if number in self.barriers:
                storage = self.barriers[number]
                pinned.pop(storage, None)
                masks[storage] = 0
            if number in self.begins:
                for storage, bits in self.begins[number].items():
                    masks[storage] = bits if self.pinned else masks.get(storage, 0) | bits
                    if self.pinned:
                        pinned[storage] = bits

    def _give(self, storage: int, mask: int, pinned: dict[int, int], join: bool) -> None:
        if storage in pinned:
            self.masks[storage] = pinned[storage]
        elif join:
            self.masks[storage] = self.masks.get(storage, 0) | mask
        elif mask:
            self.masks[storage] = mask

    def through_decisions(self) -> Masks:
        """The same masks with what a comparison says counted as dependence."""
        if self._wider is None:
            self._wider = Masks(self.tape, *self._made_of, decisions=True)
        return self._wider

    def of(self, code: int) -> int:
        """Mask of an operand, at the end of the range."""
        return self.masks.get(self.tape.storage_of(code), 0)


def backward_slice(
    tape: Tape, targets: Iterable[int], end: int, begin: int = 0, stops: Iterable[int] = ()
) -> list[int]:
    """The entries in [begin, end) that the target storages depend on, in order. Inputs of the ``stops`` are
    not followed.
    """
    needed = set(targets)
    templates, ids, starts, operands = tape.templates, tape.entry_template, tape.entry_start, tape.operands
    halted = set(stops)
    found: list[int] = []
    for number in range(end - 1, begin - 1, -1):
        template = templates[ids[number]]
        start = starts[number]
        middle = start + template.inputs
        hit = False
        for place in template.writes:
            if tape.storage_of(operands[start + place]) in needed:
                hit = True
        for i in range(middle, middle + template.outputs):
            if operands[i] & 3 != CONST and tape.storage_of(operands[i]) in needed:
                hit = True
        if not hit:
            continue
        found.append(number)
        for i in range(middle, middle + template.outputs):
            needed.discard(tape.storage_of(operands[i]))
        if number not in halted:
            for i in range(start, middle):
                code = operands[i]
                if code & 3 != CONST:
                    needed.add(tape.storage_of(code))
    found.reverse()
    return found
