"""The window of the tape in which one or two steps are judged, with everything that is computed on it once."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..record.events import Update
from ..replay.adjoint import Recording, Reverse, Sweep, last_writes
from ..replay.forward import Replay, State
from ..tape import WHOLE, Tape
from .candidates import Candidate
from .flow import Masks, backward_slice


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A value of a candidate: the one before update ``index`` of its round ``round_``. ``code`` is where it lies."""

    candidate: Candidate
    round_: int
    index: int
    code: int
    update: Update


class Window:
    """Versions, dependence masks, base recording and sweeps for one training.

    ``rounds`` steps are looked at. ``begin`` is the first entry that depends on a parameter, ``end`` one past the last.
    ``gathered``: a step is several passes of its loop, all up to the one that updates.
    """

    def __init__(
        self, tape: Tape, candidates: list[Candidate], rounds: int, end: int, *, gathered: bool = False
    ) -> None:
        self.tape = tape
        self.gathered = gathered
        self.candidates = candidates
        self.rounds = rounds
        self.end = end
        self.barriers: dict[int, int] = {}  # entry -> storage that holds a new version after it
        self.captures: dict[int, int] = {}  # the same entries -> operand code of that version
        self.versions: list[Version] = []
        self.copies: dict[int, Version] = {}  # storage that holds a copy -> the version that it is of
        self._active: set[int] | None = None
        self._starts: list[int] | None = None
        self._compatible: dict[int, bool] = {}
        self._several: list[int] | None = None  # the bits of each candidate that has several versions
        self._written_by: dict[int, list[int]] | None = None
        self._collect()
        self.masks = Masks(tape, self._sources(), self.barriers, end)
        self.begin = min(self.masks.entry_masks, default=0)

    def _collect(self) -> None:
        tape = self.tape
        for c in self.candidates:
            for number, updates in enumerate(c.rounds):
                merged = c.whole
                for index, u in enumerate(updates):
                    if number < self.rounds and (index == 0 or not merged):
                        self.versions.append(Version(c, number, index, c.region if merged else u.old, u))
                    if not merged or index == len(updates) - 1:
                        entry = u.entry if u.in_place else self._made_at(u)
                        if entry < self.end:
                            self.barriers[entry] = tape.storage_of(u.new)
                            self.captures[entry] = c.region if merged else u.new

    def _made_at(self, u: Update) -> int:
        """The entry that made the new value of a location that was assigned: a copy may have been updated in place."""
        if u.path and self.tape.templates[self.tape.entry_template[u.path[0]]].writes:
            return u.path[0]
        born = self.tape.storage_born[self.tape.storage_of(u.new)]
        return born if born >= 0 else u.entry

    def _sources(self) -> list[tuple[int, int]]:
        """Where each version begins: after the update before it; the first one holds from the start."""
        out = []
        for v in self.versions:
            out.append((self._beginning(v), self.tape.storage_of(v.code)))
        return out

    def _beginning(self, v: Version) -> int:
        if v.round_ == 0 and v.index == 0:
            return self._settled(v)
        updates = v.candidate.rounds[v.round_]
        before = updates[v.index - 1] if v.index else v.candidate.rounds[v.round_ - 1][-1]
        return before.entry if before.in_place else self._made_at(before)

    def _settled(self, v: Version) -> int:
        """The last entry before the first update that wrote the storage: from there on it holds the first version."""
        storage = self.tape.storage_of(v.code)
        earlier = [e for e in self._writers().get(storage, ()) if e < v.update.entry]
        return max([*earlier, self.tape.storage_born[storage]])

    def _writers(self) -> dict[int, list[int]]:
        if self._written_by is None:
            tape, found = self.tape, {}  # type: ignore[var-annotated]
            for number in range(self.end):
                template = tape.templates[tape.entry_template[number]]
                for place in template.writes:
                    storage = tape.storage_of(tape.operands[tape.entry_start[number] + place])
                    found.setdefault(storage, []).append(number)
            self._written_by = found
        return self._written_by

    # recording

    def record(self, extra: list[int] | None = None, promote: bool = True) -> Recording:
        """Replay the prelude, then the window with all that a sweep needs. ``extra`` are storages wanted
        besides the increments.
        """
        tape = self.tape
        targets = {
            tape.storage_of(c)
            for v in self.versions
            for u in v.candidate.rounds[v.round_]
            for c in (u.new, u.old, *u.increments)
        }
        targets |= set(extra or ())
        self.entries = backward_slice(tape, targets, self.end)
        self.prelude = [e for e in self.entries if e < self.begin]
        inside = [e for e in self.entries if e >= self.begin]
        replay = Replay(tape, promote)
        state = replay.start()
        replay.run(state, self.prelude)
        for v in self.versions:
            if v.round_ == 0 and v.index == 0 and tape.storage_born[tape.storage_of(v.code)] < self.begin:
                replay.load(state, v.code)
        self.written = set(last_writes(tape, inside))
        self.base = state
        made = Recording(replay, state.fork(self.written), inside)
        made.run()
        return made

    def sweep(
        self,
        recording: Recording,
        seeds: list[tuple[int, int, Any]],
        bounded: bool = False,
        keep: set[int] | None = None,
        given: frozenset[int] = frozenset(),
    ) -> Sweep:
        """Reverse sweep from the seeds (entry, operand code, value); nothing flows through what is ``given``."""
        reverse = Reverse(recording, self.active() - given, self.captures, bounded)
        reverse.keep = keep
        return reverse.sweep(seeds)

    def active(self) -> set[int]:
        """Storages that ever depend on a parameter."""
        found = self._active
        if found is None:
            tape = self.tape
            found = {tape.storage_of(v.code) for v in self.versions} | set(self.copies)
            for number in self.masks.entry_masks:
                found |= tape.made(number)
            self._active = found
        return found

    def forget_active(self) -> None:
        """Entries were added: find the active storages anew."""
        self._active = None

    def copy_of(self, v: Version, value: np.ndarray) -> int:
        """Operand code of a copy of a version that is written over later; what reaches it is the version's."""
        tape = self.tape
        known = next((s for s, w in self.copies.items() if w is v), -1)
        if known < 0:
            kept = np.array(value, order="C")
            layout = tape.layout(kept.shape, tuple(s // kept.itemsize for s in kept.strides), kept.dtype)
            known = tape.new_storage(layout, -1)
            tape.leaves[known] = kept
            self.copies[known] = v
            self.masks.masks[known] = self.bit(v)
            self.forget_active()
        return known * 4 + WHOLE

    def adjoint(self, sweep: Sweep, v: Version, recording: Recording) -> tuple[np.ndarray, np.ndarray]:
        """True adjoint of a version and its rounding bound, in the shape of the candidate."""
        t, bound = self._adjoint(sweep, v, recording)
        for storage, of in self.copies.items():
            if of is v and storage in sweep.adjoints:
                reverse = Reverse(recording, set(), {})
                t = t + reverse.window(sweep.adjoints[storage], storage * 4 + WHOLE)
                more = sweep.bounds.get(storage)
                bound = bound if more is None else bound + reverse.window(more, storage * 4 + WHOLE)
        return t, bound

    def _adjoint(self, sweep: Sweep, v: Version, recording: Recording) -> tuple[np.ndarray, np.ndarray]:
        storage = self.tape.storage_of(v.code)
        beginning = self._beginning(v)
        if beginning >= 0 and beginning in sweep.captured:
            flat, bound = sweep.captured[beginning]
            return np.asarray(flat), np.asarray(bound if bound is not None else np.zeros_like(flat))
        if storage not in sweep.adjoints:
            return np.zeros(v.candidate.shape), np.zeros(v.candidate.shape)
        reverse = Reverse(recording, set(), {})
        t = reverse.window(sweep.adjoints[storage], v.code).copy()
        bound = sweep.bounds.get(storage)
        return t, reverse.window(bound, v.code).copy() if bound is not None else np.zeros(t.shape)

    def bit(self, v: Version) -> int:
        """The mask bit of a version."""
        return 1 << self.versions.index(v)

    def pass_of(self, entry: int) -> int:
        """The pass of the step's loop that an entry lies in; 0 before it or without a loop."""
        return bisect_right(self._begins(), entry)

    def begin_of(self, number: int) -> int:
        """The entry at which a pass of the step's loop begins; 0 for what is before it."""
        return self._begins()[number - 1] if number and self._begins() else 0

    def _begins(self) -> list[int]:
        """Where each pass that updates begins; where gradients are gathered, the first of those that lead to it."""
        if self._starts is None:
            step = next((c.step for c in self.candidates if c.step is not None), None)
            activation = step.activation if step is not None else None
            every = (u.place for c in self.candidates for r in c.rounds for u in r)
            chain = (p for place in every for p in place.chain())
            line = activation.line if activation is not None else None
            found = sorted({p.entry for p in chain if p.activation is not None and p.activation.line is line})
            if self.gathered and activation is not None:
                after = (bisect_right(activation.entries, entry) for entry in found)
                found = [activation.entries[0], *(activation.entries[i] for i in after if i < len(activation.entries))]
            self._starts = found
        return self._starts

    def compatible(self, left: int, right: int) -> bool:
        """Whether two masks hold no two versions of one candidate."""
        both = left | right
        known = self._compatible.get(both)
        if known is None:
            known = self._compatible[both] = self._one_each(both)
        return known

    def _one_each(self, both: int) -> bool:
        if self._several is None:
            masks: dict[int, int] = {}
            for i, v in enumerate(self.versions):
                masks[id(v.candidate)] = masks.get(id(v.candidate), 0) | 1 << i
            self._several = [mask for mask in masks.values() if mask & (mask - 1)]
        for mask in self._several:
            own = both & mask
            if own & (own - 1):
                return False
        return True

    def latest(self, mask: int) -> int:
        """The mask with one version a candidate, the latest: a state carried from step to step holds older ones."""
        newest: dict[int, int] = {}
        for i, v in enumerate(self.versions):
            if mask >> i & 1:
                known = newest.get(id(v.candidate))
                order = (v.round_, v.index)
                if known is None or order > (self.versions[known].round_, self.versions[known].index):
                    newest[id(v.candidate)] = i
        return sum(1 << i for i in newest.values())

    def in_mask(self, mask: int) -> list[Version]:
        """The versions whose bits are set."""
        return [v for i, v in enumerate(self.versions) if mask >> i & 1]

    def fork(self) -> State:
        """The state at the window's beginning, free to be changed."""
        return self.base.fork(self.written | {self.tape.storage_of(v.code) for v in self.versions})
