"""Values that a loss takes as given although parameters are behind them: a bootstrapped target, an advantage, a weight.

The gradient that such scripts mean is the one that does not flow through the value.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator

import numpy as np

from ..tape import CONST
from .flow import backward_slice
from .hypotheses import Hypothesis
from .window import Window

MEETINGS = (
    (operator.sub, np.subtract),
    (operator.mul, np.multiply),
)
MOST_WAYS = 8


def ways(window: Window, h: Hypothesis) -> Iterator[frozenset[int]]:
    """Storages that may be given: one side of a difference, then of a product, whose sides both hold parameters; those
    nearest to the loss first.
    """
    tape, masks = window.tape, window.masks
    targets = {tape.storage_of(c) for c in h.codes}
    places: dict[tuple[int, object], tuple[set[int], set[int]]] = {}
    for number in reversed(backward_slice(tape, targets, h.last, window.begin, window.barriers)):
        template, inputs, _ = tape.entry(number)
        if any(template.fn in functions for functions in MEETINGS) and len(inputs) == 2:
            sides = [tape.storage_of(c) if c & 3 != CONST and masks.of(c) else -1 for c in inputs]
            if min(sides) >= 0 and sides[0] != sides[1]:
                found = places.setdefault((template.site, template.fn), (set(), set()))
                for side, storage in zip(found, sides, strict=True):
                    side.add(storage)
    parameters = {tape.storage_of(v.code) for v in window.versions}
    made = 0
    for functions in MEETINGS:
        for (_, fn), sides_found in places.items():
            for side in reversed(sides_found) if fn in functions else ():
                if made < MOST_WAYS and not side & parameters:
                    made += 1
                    yield frozenset(side)


def same_way(window: Window, h: Hypothesis, other: Hypothesis) -> frozenset[int]:
    """What another hypothesis of the same place has to take as given where ``h`` takes what it does."""
    if not h.given:
        return frozenset()
    place = list(ways(window, h)).index(h.given)
    found = list(ways(window, other))
    return found[place] if place < len(found) else frozenset()
