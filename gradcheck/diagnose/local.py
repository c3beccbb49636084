"""One local step of the backward pass: from the derivative by what a part of the forward pass made to that by what went
in, and what lies between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from operator import itemgetter
from typing import Any

import numpy as np

from ..ops import name_of
from ..tape import CONST
from . import forms
from .spot import Again, Spot

NEAREST = 6
MOST_HOPS = 200
SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Step:
    """What belongs at a spot if it is to be the derivative by what ``inner`` made, and the forward entries that lead
    from there to ``outer``, whose derivative went in.

    ``values`` are by executions, ``wanted`` is the one where the gradient departs, ``rest`` what the
    script's value lacks to it; ``place`` is the site to blame.
    """

    values: Mapping[int, np.ndarray | Again]
    wanted: np.ndarray
    rest: np.ndarray
    inner: int
    outer: int
    between: list[int]
    place: int


def steps(spot: Spot) -> Iterator[Step]:
    """The steps that a spot may stand for, by the forward values nearest to what went in."""
    one = spot.alone
    value = one.value
    if value is not None and value.ndim:
        for inner, wanted, outer, between in _wanted(one, value):
            k = forms.factor(wanted, spot.walk.adjoints[inner])
            for pairs in spot.aligned(inner):
                values = {e: k * spot.walk.adjoints[f] for e, f in pairs.items()}
                yield Step(values, wanted, wanted - value, inner, outer, between[1:], spot.place)


def comes_back(spot: Spot, step: Step) -> bool:
    """Whether the script's value is exactly what comes back through the step, where ``inner`` is used elsewhere too."""
    partners = spot.walk.partners(spot.walk.adjoints[step.inner])
    return any(_comes_back(spot, step, p.entries[0]) for p in partners if len(p.entries) == 1)


def _comes_back(spot: Spot, step: Step, used: int) -> bool:
    made, value = spot.tape.made(used), step.wanted - step.rest
    parts = {r: g for (r, c), g in spot.walk.parts.items() if spot.tape.storage_of(c) in made and g.size == value.size}
    own = [np.ravel(g) for r, g in parts.items() if r in step.between or r == step.outer]
    return 0 < len(own) < len(parts) and forms.same(value, np.sum(own, axis=0))


def assembled(spot: Spot) -> Iterator[Step]:
    """The same for an operand that was put together by several writes; the last of them is to blame."""
    if len(spot.entries) > 1:
        return
    _, inputs, _ = spot.tape.entry(spot.origin)
    for position, (code, value) in enumerate(zip(inputs, spot.operands(), strict=True)):
        makers = [p for p in spot.trace.before.get(spot.origin, ()) if code & 3 != CONST and spot.walk.writes(p, code)]
        if value is None or value.size < 2 or not makers or not spot.tape.entry(makers[-1])[0].writes:
            continue
        for inner, wanted, outer, between in _wanted(spot, value):
            values = {spot.origin: spot.with_operand(position, _constant(wanted))[0]}
            yield Step(values, wanted, wanted - value, inner, outer, between[1:], spot.tape.site_of(makers[-1]))


def windows(spot: Spot) -> Iterator[Step]:
    """The same for writes into parts of an array, one for each window that the forward pass read."""
    incoming = spot.alone.incoming()
    if spot.template.kind not in ("store", "inplace") or not incoming or not incoming[0].partner.entries:
        return
    k, outer = incoming[0].partner.scale, incoming[0].partner.entries[0]
    wrote = [spot.walk.value(e, spot.recording) for e in spot.entries]
    shape = np.shape(wrote[0])
    readers: dict[int, list[tuple[int, np.ndarray]]] = {}
    for (reader, _), g in spot.walk.parts.items():
        if g.shape == shape:
            readers.setdefault(spot.tape.entry_template[reader], []).append((reader, g))
    for found in readers.values():
        if len(found) == len(wrote):
            for order in (sorted(found, key=itemgetter(0)), sorted(found, key=itemgetter(0), reverse=True)):
                reader, wanted = order[0][0], k * order[0][1]
                between = _between(spot, reader, outer)
                values = {e: k * g for e, (_, g) in zip(spot.entries, order, strict=True)}
                yield Step(values, wanted, wanted - wrote[0], reader, outer, between, spot.place)


def _constant(wanted: np.ndarray) -> Callable[[int, Any], np.ndarray]:
    return lambda _, found: np.reshape(wanted, np.shape(found))


def _wanted(one: Spot, value: np.ndarray) -> Iterator[tuple[int, np.ndarray, int, list[int]]]:
    """Forward entries whose derivative a value may be meant as, with it, and the way from there to what went in."""
    for outer, k in _outers(one, value):
        for count, (inner, g) in enumerate(one.truths(value.shape, outer)):
            if count == NEAREST:
                break
            between = _between(one, inner[0], outer)
            off = np.linalg.norm(k * g - value) > SAME * np.linalg.norm(value) and not forms.same(g, value)
            if between and off:
                yield inner[0], k * g, outer, between


def _outers(spot: Spot, value: np.ndarray) -> Iterator[tuple[int, float]]:
    """Forward entries whose derivative the value is, or went into it, with its factor."""
    own = spot.walk.partner(value)
    partners = [own] if own is not None else [i.partner for i in spot.incoming()]
    for partner in partners:
        if partner.entries and not partner.transposed:
            yield partner.entries[0], partner.scale


def _between(spot: Spot, inner: int, outer: int) -> list[int]:
    """The forward entries on the way from one to the other, ends included; none where there is no way."""
    walk = spot.walk
    behind, queue = {inner}, [inner]
    for e in queue:
        for reader in walk.readers(e):
            if reader <= outer and reader not in behind and len(behind) < MOST_HOPS:
                behind.add(reader)
                queue.append(reader)
    if outer not in behind:
        return []
    found = {outer}
    for e in sorted(behind, reverse=True):
        if any(r in found for r in walk.readers(e)):
            found.add(e)
    return sorted(found)


def functions(spot: Spot, entries: list[int]) -> set[str]:
    """The names of the functions of some entries, without their modules."""
    return {name_of(spot.tape.entry(e)[0].fn).rpartition(".")[2] for e in entries}


def shape_of(spot: Spot, entry: int) -> tuple[int, ...]:
    """The shape of what an entry made or wrote."""
    return next((spot.tape.shape_of(c) for c in spot.tape.results(entry)), ())


def alike_along(value: np.ndarray) -> tuple[int, ...]:
    """The axes along which all entries are the same; none where there are none."""
    size = np.max(np.abs(value), initial=0.0)
    for count in range(value.ndim, 0, -1):
        for axes in combinations(range(value.ndim), count):
            if all(value.shape[a] > 1 for a in axes) and np.all(np.ptp(value, axis=axes) <= SAME * size):
                return axes
    return ()
