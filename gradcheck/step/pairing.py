"""What two sides of a step have to do with each other, and where in the source their rows are taken."""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np

from ..tape import CONST
from .chains import Chain, Level
from .provenance import TAKES
from .rows import Key, Place, Rows

GATHERS = TAKES | {operator.getitem}


@dataclass(frozen=True, slots=True)
class Pairing:
    """How the rows of two operands of one step go together: row numbers in arrays that were complete together.

    ``share`` is the part of the rows that meet their own.
    """

    left: Level
    right: Level
    share: float


def pairing(left: Chain, right: Chain) -> Pairing | None:
    """Compare two sides at the time when the later of their origins was complete; None where they cannot be compared.

    What was there by then may be aligned in any of its forms; what was made later is compared through these.
    """
    if len(left.origin.ids) != len(right.origin.ids):
        return None
    time = max(left.origin.time, right.origin.time)
    found = []
    for one in (v for v in left.levels if v.time <= time):
        for other in (v for v in right.levels if v.time <= time):
            if one.count == other.count:
                found.append(Pairing(one, other, float(np.mean(one.ids == other.ids))))
    return max(found, key=lambda p: p.share, default=None)


def picked_at(rows: Rows, place: Place, key: Key) -> int:
    """The place of the source where the first step's rows are taken out of the data set."""
    tape, reader = rows.tape, place.entry
    chain = place.chains[0][key]
    cut = _cut_at(rows, chain)
    if cut is not None:
        return cut
    code = tape.entry(reader)[1][place.position]
    for _ in range(20):
        born = tape.storage_born[tape.storage_of(code)]
        if born < rows.steps[0].begin:
            break
        reader = born
        template, inputs, _ = tape.entry(born)
        onward = [c for c in inputs if c & 3 != CONST and _leads_to(rows, c, born, key)]
        if template.fn in GATHERS or not onward:
            break
        code = onward[0]
    return tape.site_of(reader)


def _cut_at(rows: Rows, chain: Chain) -> int | None:
    """The place of the largest view that takes these rows out of an array that has more."""
    found = [
        (rows.tape.span_of(code)[1] - rows.tape.span_of(code)[0], -level, -site)
        for site, code in rows.tape.cuts.items()
        for level, v in enumerate(chain.levels)
        if rows.tracer.takes(code, v)
    ]
    return -max(found)[2] if found else None


def _leads_to(rows: Rows, code: int, entry: int, key: Key) -> bool:
    chains = [c for axis in range(len(rows.tape.shape_of(code))) for c in rows.tracer.along(code, axis, entry)]
    chains += rows.tracer.whole(code, entry)
    return any((c.origin.storage, c.origin.axis) == key for c in chains)
