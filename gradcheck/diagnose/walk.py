"""The walk along the user's backward pass: which of its values are true adjoints.

A value of the backward pass is *on the path* when it is a multiple of the adjoint of some forward value; a *share* is a
multiple of what comes back from one of several uses of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ops import name_of
from ..replay.adjoint import Recording, Reverse
from ..step.flow import backward_slice
from ..step.trials import Judgement, Match, Trial
from ..tape import CONST, Tape
from .multiples import LARGEST, Multiples, Partner

MOST_ENTRIES = 60_000
MOST_TOGETHER = 4096
MOST_PASSES = 64


@dataclass(slots=True)
class Trace:
    """The user's backward values of one gradient: its entries, which of them are adjoints, which no more than shares of
    one, and what feeds what.
    """

    path: list[int]
    on: set[int]
    shares: set[int]
    after: dict[int, list[int]]
    before: dict[int, list[int]]


class Walk:
    """The adjoints of one trial, and the user's values beside them."""

    def __init__(self, tape: Tape, made: Judgement, trial: Trial) -> None:
        self.tape = tape
        self.made = made
        self.trial = trial
        window = made.window
        targets = {tape.storage_of(c) for c in trial.hypothesis.codes}
        self.forward = set(backward_slice(tape, targets, trial.hypothesis.last, window.begin, window.barriers))
        self.adjoints: dict[int, np.ndarray] = {}  # forward entry -> adjoint of its result
        self.parts: dict[tuple[int, int], np.ndarray] = {}  # (reader, operand code) -> what comes back from it
        self._known = Multiples()
        self._shares = Multiples()  # of what came back from each use
        self.active = window.active()
        self._readers: dict[int, list[int]] | None = None  # forward entries by the storage that they read
        self._computed: set[tuple[int, ...]] | None = None
        if len(self.forward) <= MOST_ENTRIES:
            self._collect()

    def _collect(self) -> None:
        given = self.trial.hypothesis.given
        reverse = Reverse(self.trial.recording, self.active - given, self.made.window.captures)
        reverse.keep = self.forward
        reverse.divided = self._read_often()
        swept = reverse.sweep(self.trial.seeds)
        self.adjoints = swept.visits
        self.parts = swept.shares
        for (reader, _), g in self.parts.items():
            self._shares.add((reader,), g)
            self._add_passes(reader, g)
        for m in self.trial.matches:
            self._known.add((), np.asarray(m.truth, float))
        together: dict[int, list[int]] = {}
        for number, g in self.adjoints.items():
            self._known.add((number,), g)
            self._add_passes(number, g)
            together.setdefault(self.tape.entry_template[number], []).append(number)
        for entries in together.values():
            found = [self.adjoints[e] for e in entries]
            alike = len({g.shape for g in found}) == 1
            if 1 < len(found) <= MOST_TOGETHER and alike and found[0].size * len(found) <= LARGEST:
                self._known.add(tuple(entries[::-1]), np.stack(found[::-1]))
                self._known.add(tuple(entries), np.stack(found))  # a backward pass through time runs the other way

    def _add_passes(self, entry: int, g: np.ndarray) -> None:
        """What a backward pass through time reads of an adjoint that holds all times, pass by pass.

        The rows of a matrix say nothing: behind one output they are multiples of each other.
        """
        for axis in range(2 if g.ndim > 2 else 0):
            if 1 < g.shape[axis] <= MOST_PASSES:
                for i in range(g.shape[axis]):
                    self._shares.add((entry,), np.take(g, i, axis))

    def _read_often(self) -> set[int]:
        """Storages that several forward entries read."""
        readers: dict[int, int] = {}
        for number in self.forward:
            for storage in {self.tape.storage_of(c) for c in self.tape.entry(number)[1] if c & 3 != CONST}:
                readers[storage] = readers.get(storage, 0) + 1
        return {storage for storage, count in readers.items() if count > 1}

    def partner(self, value: Any) -> Partner | None:
        """The forward value whose adjoint a value is a multiple of; None where it is of none."""
        found = self.partners(value)
        # The adjoints of z and -z differ in sign only; that of a bias may be an error too, which has a place.
        return min(found, key=lambda p: (not p.entries, p.entries[:1])) if found else None

    def partners(self, value: Any) -> list[Partner]:
        """All forward values whose adjoint a value is a multiple of; several where adjoints are multiples of another:
        those of z, -z and 2 z.
        """
        return self._known.of(value)

    def shares_of(self, value: Any) -> list[Partner]:
        """The uses of forward values of which a value is a multiple of what comes back, by the entries that read."""
        return self._shares.of(value) if self.tells(value) else []

    def tells(self, value: Any) -> bool:
        """Whether it says anything that a value is a multiple of another: a single number is one of any other."""
        return value is not None and np.size(value) > 1

    def is_share(self, value: Any) -> bool:
        """Whether a value is a multiple of what comes back from one of several uses of a forward value."""
        return bool(self.shares_of(value))

    def may_be_adjoint(self, entry: int) -> bool:
        """Whether what an entry made has the size of some adjoint."""
        return any(math.prod(self.tape.shape_of(c)) in self._known.sizes for c in self.tape.results(entry))

    def scales(self, value: Any) -> set[float]:
        """The factors that a value may have as an adjoint, one for each of its partners."""
        return {p.scale for p in self.partners(value)}

    def readers(self, entry: int) -> list[int]:
        """Forward entries that read what an entry made."""
        if self._readers is None:
            self._readers = {}
            for number in sorted(self.forward):
                for code in self.tape.entry(number)[1]:
                    if code & 3 != CONST:
                        self._readers.setdefault(self.tape.storage_of(code), []).append(number)
        found = {n for storage in self.tape.made(entry) for n in self._readers.get(storage, ())}
        return sorted(n for n in found if n > entry)

    def uses(self, entry: int) -> int:
        """How many forward entries read what an entry made; where it is stored in a part of an array, that part."""
        readers = self.readers(entry)
        if len(readers) == 1 and self.tape.entry(readers[0])[0].kind == "store":
            place = self.tape.entry(readers[0])[1][0]
            return sum(place in self.tape.entry(r)[1] for r in self.readers(readers[0]))
        return len(readers)

    def later_products(self, entry: int) -> bool:
        """Whether what an entry made goes through a product with another parameter before the loss."""
        seen, queue = {entry}, [entry]
        for e in queue:
            for reader in self.readers(e):
                template, inputs, _ = self.tape.entry(reader)
                active = sum(c & 3 != CONST and self.tape.storage_of(c) in self.active for c in inputs)
                if active > 1 and name_of(template.fn).rpartition(".")[2] in ("matmul", "dot", "tensordot", "einsum"):
                    return True
                if reader not in seen:
                    seen.add(reader)
                    queue.append(reader)
        return False

    @property
    def computed(self) -> set[tuple[int, ...]]:
        """Forward entries whose adjoint the script computes, on the way to whatever parameter."""
        if self._computed is None:
            assert self.made.extraction is not None
            recording = self.trial.recording
            masks = self.made.extraction.masks.entry_masks
            path = [e for e in recording.entries if masks.get(e) and e not in self.forward][:MOST_ENTRIES]
            found = (self.partner(self.value(e, recording)) for e in path if self._on_path(e, recording))
            self._computed = {p.entries for p in found if p is not None}
        return self._computed

    def agrees(self, value: Any) -> bool:
        """Whether a value is a multiple of some adjoint."""
        return self.partner(value) is not None

    def value(self, number: int, recording: Recording) -> Any:
        """What an entry made: its result, or the region that it wrote as it was afterwards; None where neither."""
        template, inputs, outputs = self.tape.entry(number)
        values, result = recording.operands(number)
        codes = [c for c in outputs if c & 3 != CONST]
        if len(codes) == 1 and len(outputs) == 1:
            return result
        if outputs or len(template.writes) != 1:
            return None
        place = template.writes[0]
        if template.kind == "store":
            return np.broadcast_to(np.asarray(values[1], float), self.tape.shape_of(inputs[0]))
        if template.kind not in ("inplace", "call") or not isinstance(values[place], np.ndarray):
            return None
        changed = [np.array(v) if i == place else v for i, v in enumerate(values)]
        with np.errstate(all="ignore"):
            if template.kind == "inplace":
                template.fn(*changed)  # type: ignore[misc]
            else:
                args, kwargs = template.arguments(changed)
                template.fn(*args, **kwargs)  # type: ignore[misc]
        return changed[place]

    def trace(self, m: Match, recording: Recording) -> Trace | None:
        """The user's values on the way to one gradient; None where they cannot be told from the forward pass."""
        return self.trace_to([m], recording)

    def trace_to(self, found: Sequence[Match], recording: Recording) -> Trace | None:
        """The user's values on the way to several gradients."""
        assert self.made.extraction is not None
        end = max(m.version.update.entry for m in found) + 1
        window = self.made.window
        gradients = {self.tape.storage_of(m.gradient.code) for m in found}
        behind = backward_slice(self.tape, gradients, end, window.begin, window.barriers)
        masks = self.made.extraction.masks
        path = [e for e in behind if e not in self.forward and masks.entry_masks.get(e)]
        if not path:  # margins: which of them are violated is all that comes from the parameters
            wider = masks.through_decisions().entry_masks
            path = [e for e in behind if e not in self.forward and wider.get(e)]
        if not path or not self._known.sizes or len(path) > MOST_ENTRIES:
            return None
        after, before = links(self.tape, path)
        on = {e for e in path if self._on_path(e, recording)} | self._written(path, before, recording)
        shares = {e for e in path if e not in on and self._is_part(e, recording)}
        return Trace(path, on, shares, after, before)

    def _written(self, path: list[int], before: dict[int, list[int]], recording: Recording) -> set[int]:
        """Writes after which the next reader of the whole array sees an adjoint."""
        tape = self.tape
        found: set[int] = set()
        for reader in path:
            inputs = tape.entry(reader)[1]
            for e in before[reader][-1:]:
                template, written, _ = tape.entry(e)
                if template.kind not in ("store", "call") or len(template.writes) != 1:
                    continue
                code = written[template.writes[0]]
                values = recording.operands(reader)[0]
                for i, c in enumerate(inputs):
                    same = c & 3 != CONST and tape.storage_of(c) == tape.storage_of(code) and c != code
                    if same and self.tells(values[i]) and self.agrees(values[i]):
                        found.add(e)
        return found

    def writes(self, entry: int, code: int) -> bool:
        """Whether an entry made what an operand reads, or wrote into it."""
        return self.tape.storage_of(code) in self.tape.made(entry)

    def _is_value(self, number: int) -> bool:
        template, _, outputs = self.tape.entry(number)
        return template.kind not in ("store", "call") and len([c for c in outputs if c & 3 != CONST]) < 2

    def _is_part(self, number: int, recording: Recording) -> bool:
        """Whether an entry made or stored a share, or stored an adjoint in a part of an array."""
        if self.tape.entry(number)[0].kind == "store":
            value = self.value(number, recording)
            return self.is_share(value) or self.tells(value) and self.agrees(value)
        return self._is_value(number) and self.is_share(self.value(number, recording))

    def _on_path(self, number: int, recording: Recording) -> bool:
        if not self._is_value(number):
            return False
        value = self.value(number, recording)
        return self.tells(value) and self.agrees(value)


def links(tape: Tape, path: list[int]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """For each entry of a path, the entries of it that read what it made, and those whose values it read."""
    after: dict[int, list[int]] = {e: [] for e in path}
    before: dict[int, list[int]] = {e: [] for e in path}
    maker: dict[int, list[int]] = {}
    for e in path:
        template, inputs, outputs = tape.entry(e)
        for code in inputs:
            if code & 3 != CONST:
                for p in maker.get(tape.storage_of(code), ()):
                    after[p].append(e)
                    before[e].append(p)
        for code in outputs:
            maker[tape.storage_of(code)] = [e]
        for place in template.writes:
            maker.setdefault(tape.storage_of(inputs[place]), []).append(e)
    return after, before


def walk_of(tape: Tape, made: Judgement, trial: Trial) -> Walk:
    """The walk of a trial, made once for all that look at it."""
    key = ("walk", id(trial.sweep))
    if key not in made.kept:
        made.kept[key] = Walk(tape, made, trial)
    found: Walk = made.kept[key]
    return found


def onward(trace: Trace, entry: int) -> Iterator[int]:
    """The entry and those that its value alone runs through."""
    seen = set()
    while entry not in seen:
        seen.add(entry)
        yield entry
        readers = list(dict.fromkeys(trace.after.get(entry, ())))
        if len(readers) != 1:
            return
        entry = readers[0]
