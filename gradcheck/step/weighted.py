"""Standard losses whose outputs have weights of their own: of classes, of samples, an action's advantage.

The weights are what multiplies the difference of output and target on its way back, where no parameter reaches it.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from ..ops import is_linear
from ..ops.arithmetic import SCALES
from ..replay.functions import IN_PLACE_OF, known_as
from ..tape import CONST, Template
from .flow import MOVES
from .heads import Head
from .trials import Judgement

MOST_SITES = 4

Place = tuple[int, int]  # one past the entry of a product, and the operand code that holds it then


def weighted(made: Judgement, found: Iterable[Head]) -> Iterator[Head]:
    """The heads with the weights that are found on the way back from them."""
    for head in found:
        for places in _products(made, head)[:MOST_SITES]:
            weights = _weights(made, head, places)
            if weights is not None:
                yield replace(head, weights=weights)


def _products(made: Judgement, head: Head) -> list[list[Place]]:
    """For each line that multiplies what comes from a head by values that no parameter reaches, its executions."""
    tape, masks = made.window.tape, made.window.masks
    carried = {s for e in head.entries for s in tape.made(e)}
    lines: dict[int, list[Place]] = {}
    single: set[int] = set()
    for number in sorted(e for e in made.path if e > head.entries[0]):
        template, inputs, _ = tape.entry(number)
        others = [c for c in inputs if c & 3 == CONST or tape.storage_of(c) not in carried]
        if len(others) == len(inputs) or number in head.entries:
            continue
        scales = _is_scale(template) and len(others) == 1 and not (others[0] & 3 != CONST and masks.of(others[0]))
        if scales and others[0] & 3 != CONST:
            lines.setdefault(template.site, []).append((number + 1, tape.results(number)[0]))
            if tape.shape_of(others[0]) == ():
                single.add(template.site)
        if scales or _moves(template):
            carried |= tape.made(number)
    return [places for site, places in lines.items() if site not in single or len(places) > 1]


def _is_scale(template: Template) -> bool:
    return template.inputs == 2 and IN_PLACE_OF.get(template.fn, template.fn) in SCALES


def _moves(template: Template) -> bool:
    """Whether an entry only moves and adds up what it reads."""
    writes = template.kind in MOVES or template.fn is operator.setitem
    return writes or template.kind == "op" and is_linear(known_as(template.fn))


def _weights(made: Judgement, head: Head, places: list[Place]) -> list[np.ndarray] | None:
    """The derivative of the sum of the products by what met at each execution of the head; None where all is one."""
    assert made.recording is not None
    tape, recording = made.window.tape, made.recording
    seeds = [(entry, code, np.ones(tape.shape_of(code))) for entry, code in places]
    visits = made.window.sweep(recording, seeds, keep=set(head.entries)).visits
    found = []
    for entry, output in zip(head.entries, head.outputs, strict=True):
        shape = tape.shape_of(output)
        weight = visits.get(entry, np.zeros(shape))
        if weight.size != np.prod(shape, dtype=int):
            return None
        found.append(weight.reshape(shape))
    every = np.concatenate([np.ravel(w) for w in found])
    return found if np.all(np.isfinite(every)) and np.any(every != every[0]) else None
