"""Values that the forward pass uses in several places: the whole derivative beside the part that a script computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ..step.compare import oriented
from ..tape import CONST
from . import forms
from .spot import Spot

MOST_WHOLES = 6
MOST_TRUTHS = 200
MOST_HOPS = 200
MOST_PARTS = 8
FEWEST = 4  # entries below which a sum of parts fits by chance
SAME = 1e-8
PLAIN = (0.0, 1.0, -1.0)  # left out, as it is, with the wrong sign


@dataclass(frozen=True, slots=True)
class Whole:
    """The derivative by a forward value that has several uses, where the script has another value.

    ``values`` are by executions of the spot, ``entry`` is the forward entry whose derivative belongs at
    the execution where the gradient departs, ``carried`` whether one of its uses is the next pass of a recurrence.
    """

    values: dict[int, np.ndarray]
    entry: int
    carried: bool


def wholes(spot: Spot) -> Iterator[Whole]:
    """The derivatives that may belong at a spot, the nearest to the loss first."""
    one = spot.alone
    value, incoming = one.value, one.incoming()
    if value is None or value.ndim == 0:
        return
    known = [i.partner for i in incoming] or spot.walk.shares_of(value)
    if not known:
        return
    before = min(min(partner.entries) for partner in known)
    yielded = 0
    for _, g in islice(one.truths(value.shape, before), MOST_TRUTHS):
        for entry in _used_often(one, g):
            k = None if forms.same(g, value) else _scale_of_part(one, entry, value)
            for pairs in spot.aligned(entry) if k is not None else ():
                yielded += 1
                yield Whole({e: k * spot.walk.adjoints[f] for e, f in pairs.items()}, entry, _carried(spot, entry))
        if yielded > MOST_WHOLES:
            return


@dataclass(frozen=True, slots=True)
class Uneven:
    """The derivative by a forward value with several uses, where the script has the sum of all that comes back, but
    from ``reader`` with another factor than from the rest; ``origin`` is the entry that first has it.
    """

    values: dict[int, np.ndarray]
    reader: int
    factor: float
    origin: int


def uneven(spot: Spot) -> Iterator[Uneven]:
    """The sums that a spot's value may be meant as, where one of the terms has a factor of its own."""
    one = spot.alone
    value = one.value
    if value is None or value.size < FEWEST or one.walk.agrees(value):
        return
    for _, g in islice(one.truths(value.shape), MOST_TRUTHS):
        for entry in _used_often(one, g):
            parts = _parts(one, entry, value.size)
            weights = _weights(parts, value, unique=True)
            for number, (reader, _) in enumerate(parts) if weights is not None and np.all(weights) else ():
                assert weights is not None
                weight, rest = weights[number], np.delete(weights, number)
                factor = weight / rest[0]
                if np.ptp(rest) <= SAME * abs(rest[0]) and min(abs(factor - plain) for plain in PLAIN) > SAME:
                    origin = _first_share(one, reader, weight)
                    for pairs in spot.aligned(entry):
                        values = {e: rest[0] * spot.walk.adjoints[f] for e, f in pairs.items()}
                        yield Uneven(values, reader, float(factor), origin)


def _parts(spot: Spot, entry: int, size: int) -> list[tuple[int, np.ndarray]]:
    """What comes back from each use of a forward value, with the entry that uses it."""
    made = spot.tape.made(entry)
    found = ((r, np.ravel(g)) for (r, c), g in spot.walk.parts.items() if spot.tape.storage_of(c) in made)
    return list(islice(((r, g) for r, g in found if g.size == size), MOST_PARTS))


def _weights(parts: list[tuple[int, np.ndarray]], value: np.ndarray, *, unique: bool) -> np.ndarray | None:
    """The numbers by which several parts sum up to a value, to rounding; None where none do."""
    if len(parts) < 2:
        return None
    basis = np.stack([g for _, g in parts], axis=1)
    weights, _, rank, _ = np.linalg.lstsq(basis, np.ravel(value), rcond=None)
    off = np.linalg.norm(basis @ weights - np.ravel(value))
    return weights if off < SAME * np.linalg.norm(value) and (rank == len(parts) or not unique) else None


def _first_share(spot: Spot, reader: int, weight: float) -> int:
    """The first value of the backward pass that is what comes back from a use, times a factor."""
    for e in spot.trace.path:
        for p in spot.walk.shares_of(spot.walk.value(e, spot.recording)):
            if p.entries == (reader,) and abs(p.scale / weight - 1) < SAME:
                return e
    return spot.origin


def _scale_of_part(spot: Spot, entry: int, value: np.ndarray) -> float | None:
    """The scale at which a value is what comes back from some of the uses of a forward value, with one sign or the
    other; None where it is no such part.
    """
    weights = _weights(_parts(spot, entry, value.size), value, unique=False)
    if weights is not None:
        alike = [int(np.sum(np.abs(weights / w - 1) < SAME)) if w else -1 for w in weights]
        for k in weights[np.argsort(alike, kind="stable")[::-1]]:
            if k and all(min(abs(w / k - plain) for plain in PLAIN) < SAME for w in weights):
                return float(k)
    shares = spot.walk.shares_of(value)  # of a part of the value: one pass of a loop
    return shares[0].scale if shares else None


def _used_often(spot: Spot, g: np.ndarray) -> list[int]:
    """Forward entries with this derivative (or a multiple) that several others read; the first stands for all."""
    found = [p.entries[0] for p in spot.walk.partners(g) if len(p.entries) == 1]
    return [e for e in found if spot.walk.uses(e) > 1 and np.array_equal(spot.walk.adjoints[e], g)][:1]


def _carried(spot: Spot, entry: int) -> bool:
    """Whether a value goes into the next pass of the place that made it, through the same parameters."""
    tape, walk = spot.tape, spot.walk
    same = tape.entry_template[entry]
    seen, queue = {entry}, [entry]
    for e in queue:
        for reader in walk.readers(e):
            if tape.entry_template[reader] == same:
                return _is_recurrent(spot)
            if reader not in seen and len(seen) < MOST_HOPS:
                seen.add(reader)
                queue.append(reader)
    return False


def _is_recurrent(spot: Spot) -> bool:
    """Whether a place of the forward pass reads one parameter in several executions."""
    tape = spot.tape
    parameters = {tape.storage_of(v.code) for v in spot.walk.made.window.versions}
    read: dict[tuple[int, int], int] = {}
    for e in spot.walk.forward:
        for storage in {s for c in tape.entry(e)[1] if (s := tape.storage_of(c)) in parameters}:
            key = (tape.entry_template[e], storage)
            read[key] = read.get(key, 0) + 1
    return any(count > 1 for count in read.values())


@dataclass(frozen=True, slots=True)
class Part:
    """What comes back from one of several uses of a parameter, where its whole gradient belongs: ``wanted``, from the
    forward entries ``used`` and ``left``.
    """

    wanted: np.ndarray
    used: int
    left: list[int]


def parts_of_parameters(spot: Spot) -> Iterator[Part]:
    """The gradients of which a spot's value is one exact part."""
    value, walk = spot.value, spot.walk
    if value is None or len(spot.entries) > 1 or not walk.is_share(value):
        return
    for v in spot.verdicts:
        if v.match is None or v.match.truth.size != value.size:
            continue
        storage = spot.tape.storage_of(v.match.version.code)
        own = {
            reader: g
            for (reader, code), g in walk.parts.items()
            if spot.tape.storage_of(code) == storage and not _is_penalty(spot, reader, storage)
        }
        for reader, g in own.items():
            if g.size == value.size and forms.same(oriented(value, g), g) and len(own) > 1:
                k = forms.factor(oriented(value, g), g)
                yield Part(k * oriented(v.match.truth, value), reader, [r for r in own if r != reader])
                break


def _is_penalty(spot: Spot, entry: int, storage: int) -> bool:
    """Whether a parameter meets nothing but itself and plain numbers there."""
    inputs = [c for c in spot.tape.entry(entry)[1] if c & 3 != CONST]
    return all(spot.tape.storage_of(c) == storage or spot.tape.shape_of(c) == () for c in inputs)
