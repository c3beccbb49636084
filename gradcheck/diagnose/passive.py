"""What multiplies an error: values made from the forward pass alone, and what they would be of others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..tape import CONST
from .spot import Known, Spot, same_numbers

LONGEST = 30
MOST_READ = 6


@dataclass(frozen=True, slots=True)
class Replaced:
    """``value`` is what a place makes when ``meant`` is put in the place of the forward value that a factor reads, at
    the entry ``reader``.
    """

    value: np.ndarray
    meant: Known
    reader: int


def replaced(spot: Spot) -> Iterator[Replaced]:
    """The results with one forward value behind a factor replaced that belong here."""
    value, on = spot.value, spot.trace.on | spot.trace.shares
    if value is None or len(spot.entries) > 1 or on.isdisjoint(spot.trace.before.get(spot.origin, ())):
        return  # no error goes in here
    for position, code in enumerate(spot.tape.entry(spot.origin)[1]):
        inside = _behind(spot, code)
        for taken, reader in _reads(spot, inside).items():
            shape = spot.tape.shape_of(taken)
            now = _value(spot, taken, reader)
            for known in spot.known(shape):
                if now is None or same_numbers(known.value, np.asarray(now, float)):
                    continue
                factor = _made(spot, inside, taken, known.value)
                again = None if factor is None else spot.again(_only(spot, position, factor))
                if again is not None and again.shape == value.shape and spot.belongs(again):
                    yield Replaced(again, known, reader)


def _only(spot: Spot, position: int, value: Any) -> list[Any]:
    return [value if i == position else None for i in range(spot.template.inputs)]


def _behind(spot: Spot, code: int) -> list[int]:
    """The entries of the backward pass that make an operand from forward values alone; none where an error is in it."""
    trace, walk = spot.trace, spot.walk
    if code & 3 == CONST:
        return []
    queue = [p for p in trace.before.get(spot.origin, ()) if walk.writes(p, code)]
    found = set(queue)
    for e in queue:
        if e in trace.on or e in trace.shares or spot.tape.entry(e)[0].kind != "op" or len(found) > LONGEST:
            return []
        new = [p for p in trace.before[e] if p not in found]
        found.update(new)
        queue += new
    return sorted(found)


def _reads(spot: Spot, inside: list[int]) -> dict[int, int]:
    """The arrays of the forward pass that some entries read, by operand code, with the first that reads each."""
    tape = spot.tape
    made = {s for e in inside for s in tape.made(e)}
    found: dict[int, int] = {}
    for e in inside:
        for code in tape.entry(e)[1]:
            if code & 3 != CONST and tape.shape_of(code) != () and tape.storage_of(code) not in made:
                found.setdefault(code, e)
    return dict(list(found.items())[:MOST_READ])


def _value(spot: Spot, code: int, reader: int) -> Any:
    values = spot.recording.operands(reader)[0]
    return values[list(spot.tape.entry(reader)[1]).index(code)]


def _made(spot: Spot, inside: list[int], taken: int, other: np.ndarray) -> Any:
    """What the last of some entries makes with another value for one operand; None where that fails."""
    tape = spot.tape
    made: dict[int, Any] = {}
    value: Any = None
    for e in inside:
        template, inputs, outputs = tape.entry(e)
        raw = spot.recording.operands(e)[0]
        operands = []
        for code, was in zip(inputs, raw, strict=True):
            now = was if code & 3 == CONST else other if code == taken else made.get(tape.storage_of(code), was)
            if np.shape(now) != np.shape(was):
                return None
            operands.append(now)
        try:
            with np.errstate(all="ignore"):
                args, kwargs = template.arguments(operands)
                value = template.fn(*args, **kwargs)  # type: ignore[misc]
        except Exception:
            return None
        made[tape.storage_of(outputs[0])] = value
    return value
