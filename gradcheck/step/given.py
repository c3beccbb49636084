"""Values that a loss takes as given although parameters are behind them: a bootstrapped target, an advantage, a weight.

The gradient that such scripts mean is the one that does not flow through the value.
"""

from __future__ import annotations

import operator
from itertools import combinations

import numpy as np

from ..ops.arithmetic import ADDITIONS, SUMS
from ..record.events import COPIES
from ..tape import CONST, Tape
from .flow import backward_slice
from .hypotheses import Hypothesis
from .window import Window

MEETINGS = {operator.sub: 0, np.subtract: 0, operator.mul: 1, np.multiply: 1}
CHOOSING_SUMS = SUMS | {np.where}
MOST_WAYS = 8
MOST_LINKS = 12
GUARD = 1e-4
MOST_PLACES = 24  # of the source, that are looked at
Way = tuple[int, int, int]  # kind, place of the source, side


def ways(window: Window, h: Hypothesis) -> list[frozenset[int]]:
    """Storages that may be given: what was made before the step's own pass began; one side of a difference, or of a
    product, whose sides both hold parameters, those nearest to the loss first; what is added to parameters; then two of
    these together.
    """
    tape, masks = window.tape, window.masks
    targets = {tape.storage_of(c) for c in h.codes}
    parameters = {tape.storage_of(v.code) for v in window.versions}
    places: dict[Way, set[int]] = {}  # none where the execution nearest to the loss shows no target
    read: set[int] = set()
    for number in reversed(backward_slice(tape, targets, h.last, window.begin, window.barriers)):
        template, inputs, _ = tape.entry(number)
        sides = [tape.storage_of(c) if c & 3 != CONST and masks.of(c) else -1 for c in inputs]
        read.update(sides)
        if template.fn in MEETINGS and len(sides) == 2 and min(sides) >= 0 and sides[0] != sides[1]:
            for side in (1, 0):
                way = (MEETINGS[template.fn], template.site, side)
                if way not in places and len(places) < MOST_PLACES and sides[side] not in parameters:
                    places[way] = set()
                    if _is_target(window, sides[side], sides[1 - side], number):
                        places[way].add(sides[side])
                elif places.get(way):
                    places[way].add(sides[side])
    begin = window.begin_of(h.place)
    before = {s for s in read if s >= 0 and window.begin <= tape.storage_born[s] < begin} - parameters
    found = [frozenset(before)] if before else []
    told = sorted((way for way in places if places[way]), key=lambda way: way[0])
    found += [frozenset(places[way]) for way in told if not places[way] & parameters]
    found += [climbed] if (climbed := _climbed(window, h)) else []
    found = list(dict.fromkeys(found))[:MOST_WAYS]
    return [*found, *(one | other for one, other in combinations(found, 2))]


def _climbed(window: Window, h: Hypothesis) -> frozenset[int]:
    """What is added to the parameters before a loss is computed at the sums, as in sharpness-aware minimisation (Foret
    et al. 2021).
    """
    tape = window.tape
    versions = {tape.storage_of(v.code): tape.shape_of(v.code) for v in window.versions}
    targets = {tape.storage_of(c) for c in h.codes}
    found: set[int] = set()
    for number in backward_slice(tape, targets, h.last, window.begin, window.barriers):
        template, inputs, _ = tape.entry(number)
        active = [c for c in inputs if c & 3 != CONST and window.masks.of(c)]
        if template.fn in ADDITIONS and len(active) == 2:
            for here, there in (active, active[::-1]):
                if tape.storage_of(here) in versions and tape.storage_of(there) not in versions:
                    shape = tape.shape_of(here)
                    found |= {tape.storage_of(there)} if shape == tape.shape_of(there) != () else set()
    return frozenset(found)


def _is_target(window: Window, given: int, other: int, end: int) -> bool:
    """Whether a value was made apart from what it meets, and data was added to it: a reward, what came back."""
    tape = window.tape
    behind = backward_slice(tape, {given}, end, window.begin, window.barriers)
    before = backward_slice(tape, {other}, end, window.begin, window.barriers)
    born = tape.storage_born[other]
    while born >= 0 and tape.entry(born)[0].fn in COPIES and tape.entry(born)[1][0] & 3 != CONST:
        other = tape.storage_of(tape.entry(born)[1][0])
        born = tape.storage_born[other]
    inner = born >= 0 and tape.site_of(born) == tape.site_of(end)
    if inner or other in {tape.storage_of(v.code) for v in window.versions}:
        return tape.entry(end)[0].fn in CHOOSING_SUMS  # a step within the step: `W - rate * g`, again and again
    if tape.storage_born[other] in behind or tape.storage_born[given] in before:
        return False
    queue = [given]
    for count, storage in enumerate(queue):
        if count == MOST_LINKS:
            break
        for number in (e for e in behind if storage in tape.made(e)):
            template, inputs, _ = tape.entry(number)
            codes = [c for c in inputs if c & 3 != CONST]
            data = [c for c in codes if not window.masks.of(c) and _is_data(tape, c)]
            if data and (template.fn in CHOOSING_SUMS or template.writes):
                return True
            if template.elementwise or template.writes or template.kind == "element":
                queue += [tape.storage_of(c) for c in codes if window.masks.of(c)]
    return False


def _is_data(tape: Tape, code: int) -> bool:
    """An array, or a number that came from somewhere: no literal, and no small constant that guards a root."""
    if tape.shape_of(code) != ():
        return True
    storage = tape.storage_of(code)
    named = tape.storage_born[storage] >= 0
    while (born := tape.storage_born[storage]) >= 0 and tape.entry(born)[0].fn is operator.pos:
        storage = tape.storage_of(tape.entry(born)[1][0])
    return named and not (born < 0 and abs(float(tape.leaves.get(storage, 1.0))) <= GUARD)
