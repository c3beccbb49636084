"""Numbers that follow others: running means, as of a reward that advantages are measured from."""

from __future__ import annotations

import numpy as np

from ..ops.arithmetic import ADDITIONS, PRODUCTS, QUOTIENTS, SUBTRACTIONS
from ..tape import CONST, Tape
from .candidates import Candidate
from .flow import backward_slice

SAME = 1e-12
MOST_LINKS = 8


def is_average(tape: Tape, c: Candidate) -> bool:
    """Whether a number becomes ``a * old + (1 - a) * x`` or ``old + f * (x - old)``, x made without it."""
    u = c.first
    if c.shape != () or any(len(r) != 1 for r in c.rounds):
        return False
    own = {tape.storage_of(code) for code in (c.region, u.old)}
    own |= {s for e in u.path for s in tape.made(e) if tape.entry(e)[0].kind == "element"}
    shares = _shares(tape, own, u.path)
    added = [code for code in u.increments if code not in shares]
    found = [x for code in added for x in (_followed(tape, own, code), _mixed(tape, shares, u.path, code))]
    values = [x for x in found if x is not None]
    if len(added) != 1 or not values or values[0] & 3 == CONST:
        return False
    begin = c.step.entry if c.step is not None else 0
    behind = backward_slice(tape, {tape.storage_of(values[0])}, u.entry, begin)
    return not any(tape.storage_of(i) in own for e in behind for i in tape.entry(e)[1] if i & 3 != CONST)


def _followed(tape: Tape, own: set[int], code: int) -> int | None:
    """x of an increment ``f * (x - old)``, with any number for f."""
    for _ in range(MOST_LINKS):
        fn, inputs = _made(tape, code)
        if fn in SUBTRACTIONS and tape.storage_of(inputs[1]) in own:
            return inputs[0]
        if fn not in PRODUCTS | QUOTIENTS:
            return None
        differences = [i for i in inputs if _made(tape, i)[0] in SUBTRACTIONS | PRODUCTS | QUOTIENTS]
        if not differences:
            return None
        code = differences[0]
    return None


def _shares(tape: Tape, own: set[int], path: list[int]) -> list[int]:
    """What the old value is multiplied by."""
    entries = [tape.entry(e) for e in path]
    return [i for t, inputs, _ in entries if t.fn in PRODUCTS for i in inputs if tape.storage_of(i) not in own]


def _mixed(tape: Tape, shares: list[int], path: list[int], code: int) -> int | None:
    """x of an increment ``(1 - a) * x``, where the old value goes on as ``a * old``."""
    sums = [e for e in path if tape.entry(e)[0].fn in ADDITIONS]
    fn, inputs = _made(tape, code)
    if len(shares) != 1 or len(sums) != 1 or fn not in PRODUCTS:
        return None
    kept = _number(tape, shares[0])
    for f, x in (inputs, inputs[::-1]):
        taken = _number(tape, f)
        if kept is not None and taken is not None and 0 < kept < 1 and abs(kept + taken - 1) < SAME:
            return x
    return None


def _made(tape: Tape, code: int) -> tuple[object, list[int]]:
    """Function and operands of what made a value."""
    storage = tape.storage_of(code)
    born = tape.storage_born[storage] if storage >= 0 else -1
    template, inputs, _ = tape.entry(max(born, 0))
    return (template.fn, list(inputs)) if born >= 0 and len(inputs) == 2 else (None, [])


def _number(tape: Tape, code: int, links: int = MOST_LINKS) -> float | None:
    """A number that is written, or computed from such."""
    if code & 3 == CONST:
        value = tape.constants[code >> 2]
        return float(value) if isinstance(value, int | float | np.number) else None
    storage = tape.storage_of(code)
    born = tape.storage_born[storage]
    if born < 0:
        value = tape.leaves.get(storage)
        return float(value) if isinstance(value, int | float | np.number) else None
    template, inputs, _ = tape.entry(born)
    values = [_number(tape, i, links - 1) for i in inputs] if links else [None]
    if template.kind != "op" or template.structure is not None or not callable(template.fn) or None in values:
        return None
    found = template.fn(*values)
    return float(found) if isinstance(found, int | float | np.number) else None
