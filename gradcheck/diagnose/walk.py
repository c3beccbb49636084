"""The walk along the user's backward pass: which of its values are true adjoints, and where the truth is left.

A value of the backward pass is *on the path* when it is a multiple of the adjoint of some forward value. The
departure is the first value, in program order, that comes from one on the path, is not on it, and leads to none
that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..ops import name_of
from ..replay.adjoint import Recording, Reverse
from ..step.flow import backward_slice
from ..step.trials import Judgement, Match, Trial
from ..tape import CONST, Tape, rebuild

AGREES = 1e-9
MOST_ENTRIES = 60_000
LARGEST = 2_000_000
MOST_TOGETHER = 4096


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a gradient leaves the truth: the source place, what to say there, and how user and truth differ."""

    site: int
    label: str
    structure: str
    sources: tuple[int, ...] = ()  # entries of the values, right in themselves, that went in
    entry: int = -1  # the entry that departs; -1 where all values are right up to the update
    trace: Trace | None = None


@dataclass(slots=True)
class Trace:
    """The user's backward values of one gradient: its entries, which of them are adjoints, and what feeds what."""

    path: list[int]
    on: set[int]
    after: dict[int, list[int]]
    before: dict[int, list[int]]


@dataclass(frozen=True, slots=True)
class Partner:
    """Forward entries whose adjoint a value is a multiple of, and the factor.

    Several entries: one for each execution. None: it is the gradient of a parameter.
    """

    entries: tuple[int, ...]
    scale: float
    transposed: bool = False


@dataclass(slots=True)
class _Row:
    entries: tuple[int, ...]
    transposed: bool
    norm: float


@dataclass(slots=True)
class _Table:
    rows: list[np.ndarray] = field(default_factory=list)
    owners: list[_Row] = field(default_factory=list)
    matrix: np.ndarray | None = None


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
        self._tables: dict[int, _Table] = {}  # by size
        self.active = window.active()
        self._readers: dict[int, list[int]] | None = None  # forward entries by the storage that they read
        self._computed: set[tuple[int, ...]] | None = None
        if len(self.forward) <= MOST_ENTRIES:
            self._collect()

    def _collect(self) -> None:
        given = self.trial.hypothesis.given
        reverse = Reverse(self.trial.recording, self.active - given, self.made.window.captures)
        reverse.keep = self.forward
        self.adjoints = reverse.sweep(self.trial.seeds).visits
        for m in self.trial.matches:
            self._add((), np.asarray(m.truth, float))
        together: dict[int, list[int]] = {}
        for number, g in self.adjoints.items():
            self._add((number,), g)
            together.setdefault(self.tape.entry_template[number], []).append(number)
        for entries in together.values():
            found = [self.adjoints[e] for e in entries]
            alike = len({g.shape for g in found}) == 1
            if 1 < len(found) <= MOST_TOGETHER and alike and found[0].size * len(found) <= LARGEST:
                self._add(tuple(entries[::-1]), np.stack(found[::-1]))

    def _add(self, entries: tuple[int, ...], g: np.ndarray) -> None:
        norm = float(np.linalg.norm(g))
        if g.size and norm > 0 and np.isfinite(norm) and g.size <= LARGEST:
            table = self._tables.setdefault(g.size, _Table())
            table.rows.append(g.ravel() / norm)
            table.owners.append(_Row(entries, False, norm))
            if g.ndim == 2 and 1 not in g.shape and len(entries) < 2:
                table.rows.append(g.T.ravel() / norm)
                table.owners.append(_Row(entries, True, norm))

    def partner(self, value: Any) -> Partner | None:
        """The forward value whose adjoint a value is a multiple of; None where it is of none."""
        found = self.partners(value)
        # The adjoints of z and -z differ in sign only; that of a bias may be an error too, which has a place.
        return min(found, key=lambda p: (not p.entries, p.entries[:1])) if found else None

    def partners(self, value: Any) -> list[Partner]:
        """All forward values whose adjoint a value is a multiple of; several where adjoints are multiples of another:
        those of z, -z and 2 z.
        """
        v = np.asarray(value, float).ravel()
        table = self._tables.get(v.size)
        norm = float(np.linalg.norm(v)) if v.size else 0.0
        if table is None or not norm or not np.isfinite(norm):
            return []
        if table.matrix is None:
            table.matrix = np.array(table.rows)
        v = v / norm
        products = table.matrix @ v
        near = np.flatnonzero(np.abs(products) > 1 - AGREES)
        close = [i for i in near if np.linalg.norm(v - products[i] * table.matrix[i]) < AGREES]
        owners = [(table.owners[i], float(products[i])) for i in close]
        return [Partner(o.entries, p * norm / o.norm, o.transposed) for o, p in owners]

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
        template, inputs, outputs = self.tape.entry(entry)
        codes = [*outputs, *(inputs[i] for i in template.writes)]
        found = {n for c in codes if c & 3 != CONST for n in self._readers.get(self.tape.storage_of(c), ())}
        return sorted(n for n in found if n > entry)

    def uses(self, entry: int) -> int:
        """How many forward entries read what an entry made."""
        return len(self.readers(entry))

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
                tree = rebuild(template.structure, iter(changed)) if template.structure is not None else (changed,)
                template.fn(*tree[0], **(tree[1] if len(tree) > 1 else {}))  # type: ignore[misc]
        return changed[place]

    def trace(self, m: Match, recording: Recording) -> Trace | None:
        """The user's values on the way to one gradient; None where they cannot be told from the forward pass."""
        assert self.made.extraction is not None
        end = m.version.update.entry + 1
        found = backward_slice(self.tape, {self.tape.storage_of(m.gradient.code)}, end, self.made.window.begin)
        masks = self.made.extraction.masks
        path = [e for e in found if e not in self.forward and masks.entry_masks.get(e)]
        if not path or not self._tables or len(path) > MOST_ENTRIES:
            return None
        after, before = links(self.tape, path)
        on = {e for e in path if self._on_path(e, recording)}
        return Trace(path, on | self._written(path, before, recording), after, before)

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
                    if same and np.size(values[i]) > 1 and self.agrees(values[i]):
                        found.add(e)
        return found

    def first(self, m: Match, recording: Recording | None = None) -> Departure | None:
        """The departure of one gradient; None where the walk cannot tell."""
        trace = self.trace(m, recording or self.trial.recording)
        if trace is None:
            return None
        choices, comes = _departures(trace)
        if not choices:
            return Departure(m.version.update.site, "the gradient is right up to here", structure(m), trace=trace)
        first = choices[0]
        label = "departs here: what goes in is right" if first in comes else "not the derivative of the loss"
        sources = tuple(p for p in trace.before[first] if p in trace.on)
        return Departure(self.tape.site_of(first), label, structure(m), sources, first, trace)

    def _on_path(self, number: int, recording: Recording) -> bool:
        template, _, outputs = self.tape.entry(number)
        if template.kind in ("store", "call") or len([c for c in outputs if c & 3 != CONST]) > 1:
            return False
        value = self.value(number, recording)
        return value is not None and np.size(value) > 1 and self.agrees(value)


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


def _departures(trace: Trace) -> tuple[list[int], set[int]]:
    """Entries where the truth may be left, in program order, and those that come from a value on the path."""
    leads: set[int] = set()
    for e in reversed(trace.path):
        if any(c in trace.on or c in leads for c in trace.after[e]):
            leads.add(e)
    comes: set[int] = set()
    for e in trace.path:
        if any(p in trace.on or p in comes for p in trace.before[e]):
            comes.add(e)
    off = [e for e in trace.path if e not in trace.on and e not in leads]
    return [e for e in off if e in comes or not trace.on] or off, comes


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


def structure(m: Match) -> str:
    """How user and truth differ, where the ratio has a form: per row, per column, transposed, some entries zero."""
    u, t = np.asarray(m.gradient.value, float), m.truth
    if u.size != t.size or not np.any(t):
        return ""
    if t.ndim == 2 and t.shape[0] == t.shape[1] and _same(u.reshape(t.shape).T, t):
        return "it is the transpose of the true gradient"
    u = u.reshape(t.shape)
    with np.errstate(all="ignore"):
        ratio = np.where(t != 0, u / t, np.nan)
    zero = (u == 0) & (t != 0)
    if zero.any() and _same(u[~zero], t[~zero]):
        return f"{int(zero.sum()):,} of {t.size:,} entries are zero, the others right"
    if t.ndim == 2:
        for axis, name in ((1, "row"), (0, "column")):
            if 1 not in t.shape and _constant(ratio, axis):
                return f"each {name} has a factor of its own"
    return ""


def _same(u: np.ndarray, t: np.ndarray) -> bool:
    tt = float(np.vdot(t, t))
    k = float(np.vdot(u, t)) / tt if tt else 0.0
    return bool(k and np.linalg.norm(u - k * t) < AGREES * abs(k) * np.sqrt(tt))


def _constant(ratio: np.ndarray, axis: int) -> bool:
    low, high = np.nanmin(ratio, axis=axis), np.nanmax(ratio, axis=axis)
    return bool(np.all(np.abs(high - low) <= AGREES * np.maximum(np.abs(low), np.abs(high))))
