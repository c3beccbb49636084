"""What the loss may be: scalars of the script, in the order in which they are to be tried."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..ops.arithmetic import SUMS
from ..tape import CONST, SCALAR, Tape
from .flow import FLAT, backward_slice
from .window import Window

MOST_OFF_PATH = 80
MOST_ON_PATH = 40
LARGEST_GUARD = 1e-3
MOST_FEEDING = 64
LONGEST_FEED = 20_000
Seeds = list[tuple[int, int, Any]]  # (entry before which it counts, operand code, adjoint)
PICKS = frozenset(
    (max, min, np.max, np.min, np.amax, np.amin, np.ndarray.max, np.ndarray.min, np.ndarray.item, float, np.float64)
)
GUARDED = frozenset((np.log, np.log2, np.log10, np.sqrt, np.divide, operator.truediv, np.power, operator.pow))


@dataclass(slots=True)
class Hypothesis:
    """A scalar of the script that may be its loss: the sum of ``codes``, one for each execution of ``site``."""

    site: int
    codes: list[int]
    entries: list[int]
    on_path: bool
    mask: int = 0
    label: str = ""  # the operation, where one place of the source holds several
    guards: dict[int, int] = field(default_factory=dict)  # entry -> position of the operand that is a guard
    source: str = "own"
    place: int = 0  # the pass of the step's loop that it is computed in
    tail: list[int] = field(default_factory=list)  # entries that were carried over for it
    given: frozenset[int] = frozenset()  # storages that no derivative flows through

    @property
    def last(self) -> int:
        """One past the last entry that computes it."""
        return max(self.entries) + 1

    def only_last(self) -> Hypothesis:
        """The last execution alone."""
        return replace(self, codes=self.codes[-1:], entries=self.entries[-1:])

    def seeds(self, tape: Tape) -> Seeds:
        """Where a reverse sweep begins: one on each of its scalars."""
        return [(e + 1, c, np.ones(tape.shape_of(c))) for e, c in zip(self.entries, self.codes, strict=True)]


def own_scalars(window: Window, path: set[int], end: int, *, limited: bool = True) -> list[Hypothesis]:
    """Scalars that depend on a parameter: off the increments' path first, the most downstream first."""
    tape = window.tape
    sites: dict[tuple[int, object], list[Hypothesis]] = {}
    gathering: dict[tuple[int, object, int], list[Hypothesis]] = {}  # those of one pass
    updated = set(window.barriers)
    for number, mask in window.masks.entry_masks.items():
        if number >= end or number in updated or not window.compatible(mask, 0):
            continue  # a sum over several steps is no loss of one step
        template, _, outputs = tape.entry(number)
        if template.kind != "op" or len(outputs) != 1 or not _is_scalar(tape, outputs[0]) or template.fn in FLAT:
            continue
        made = sites.setdefault((template.site, template.fn), [])
        place = window.pass_of(number)
        here = gathering.setdefault((template.site, template.fn, place), [])
        found = next((h for h in here if window.compatible(h.mask, mask)), None)
        if found is None:
            found = Hypothesis(template.site, [], [], False, label=str(template.fn), place=place)
            made.append(found)
            here.append(found)
        found.codes.append(outputs[0])
        found.entries.append(number)
        found.mask |= mask
        found.on_path = found.on_path or number in path
    groups = [_of_the_step(window, [h for h in hs if not _only_picks(tape, h)]) for hs in sites.values()]
    groups = sorted((sorted(g, key=lambda h: h.last) for g in groups if g), key=lambda g: -g[0].last)
    off = [h for g in groups for h in g if not h.on_path]
    on = [h for g in groups for h in g if h.on_path]
    chosen = off[:MOST_OFF_PATH] + on[:MOST_ON_PATH] if limited else off + on
    for h in chosen:
        _keep_last(tape, h)
    return chosen


def _keep_last(tape: Tape, h: Hypothesis) -> None:
    """Of executions that feed each other (a running sum, the values of a tape of the script's own) the last one holds
    those before it.
    """
    many = len(h.entries) > MOST_FEEDING or h.entries[-1] - h.entries[0] > LONGEST_FEED
    if len(h.entries) < 2 or (many and not _runs_on(tape, h)):
        return
    superseded = _feeding(tape, h.entries) if not many else (1 << len(h.entries) - 1) - 1
    kept = [i for i in range(len(h.entries)) if not superseded >> i & 1]
    h.codes, h.entries = [h.codes[i] for i in kept], [h.entries[i] for i in kept]


def _feeding(tape: Tape, entries: list[int]) -> int:
    """Bits of the entries whose results later ones of them are made from."""
    bits = {e: 1 << i for i, e in enumerate(entries)}
    masks: dict[int, int] = {}
    found = 0
    for number in range(entries[0], entries[-1] + 1):
        template, inputs, outputs = tape.entry(number)
        mask = 0
        for code in inputs:
            mask |= masks.get(tape.storage_of(code), 0)
        own = bits.get(number, 0)
        found |= mask if own else 0
        for code in outputs:
            if code & 3 != CONST:
                masks[tape.storage_of(code)] = mask | own
        for place in template.writes if mask else ():
            masks[tape.storage_of(inputs[place])] = masks.get(tape.storage_of(inputs[place]), 0) | mask
    return found


def _runs_on(tape: Tape, h: Hypothesis) -> bool:
    """Whether each execution adds to the one before."""
    return tape.entry(h.entries[0])[0].fn in SUMS and all(
        before in tape.entry(entry)[1] for before, entry in zip(h.codes, h.entries[1:], strict=False)
    )


def _of_the_step(window: Window, found: list[Hypothesis]) -> list[Hypothesis]:
    """Executions in the pass that then updates what they read; those on other data, between two steps, are left out."""
    own = [h for h in found if any(window.pass_of(v.update.entry) == h.place for v in window.in_mask(h.mask))]
    return own or found


def _is_scalar(tape: Tape, code: int) -> bool:
    tag = code & 3
    if tag == CONST:
        return False
    if tag == SCALAR:
        return True
    dtype = tape.dtype_of(tape.storage_of(code))
    return dtype is not None and dtype.kind == "f" and int(np.prod(tape.shape_of(code), dtype=int)) == 1


def _only_picks(tape: Tape, h: Hypothesis) -> bool:
    """A gather or an extreme alone is no loss."""
    template, inputs, _ = tape.entry(h.entries[0])
    return template.fn in PICKS and not any(_is_scalar(tape, c) for c in inputs)


def guards_of(window: Window, h: Hypothesis, path: set[int]) -> dict[int, int]:
    """Small constants added inside a logarithm, a root or a divisor on the way to the scalar, off the
    increments' path.
    """
    targets = {window.tape.storage_of(c) for c in h.codes}
    entries = backward_slice(window.tape, targets, h.last, window.begin)
    return {e: position for e, position in small_constants(window, entries).items() if e not in path}


def small_constants(window: Window, entries: Sequence[int]) -> dict[int, int]:
    """Small constants added inside a logarithm, a root or a divisor, by entry: the position of the operand."""
    tape = window.tape
    feeds: dict[int, set[object]] = {}
    for number in entries:
        template, inputs, _ = tape.entry(number)
        for code in inputs:
            if code & 3 != CONST:
                feeds.setdefault(tape.storage_of(code), set()).add(template.fn)
    found: dict[int, int] = {}
    for number in entries:
        template, inputs, outputs = tape.entry(number)
        if template.fn not in SUMS or len(inputs) != 2:
            continue
        if not feeds.get(tape.storage_of(outputs[0]), set()) & GUARDED:
            continue
        for position, code in enumerate(inputs):
            if _tiny(window, code):
                found[number] = position
    return found


def _tiny(window: Window, code: int) -> bool:
    if code & 3 != SCALAR or window.masks.of(code):
        return False
    value = window.tape.leaves.get(code >> 2)
    if value is None:
        value = _constant_of(window.tape, code >> 2)
    return value is not None and 0 < abs(float(value)) <= LARGEST_GUARD


def _constant_of(tape: Tape, storage: int) -> float | None:
    """The value of a number that is a copy of a leaf (a name bound to a literal)."""
    entry = tape.storage_born[storage]
    if entry < 0:
        return None
    template, inputs, _ = tape.entry(entry)
    if template.fn is operator.pos and inputs[0] >> 2 in tape.leaves:
        return float(tape.leaves[inputs[0] >> 2])
    return None
