"""Updates: a location whose new value is made from its old one by arithmetic.

A location is a name, an attribute, a slot of a list or dict, or a region of an array that is written in place. What
counts as an update is decided by the tape alone: the new value is reached from the old one through at most
`LONGEST_CHAIN` elementwise entries of the same shape, with arithmetic among them.
"""

from __future__ import annotations

import operator
import weakref
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..ops.arithmetic import SUMS
from ..tape import CONST, VIEW, WHOLE, Tape
from .joins import joined_chain
from .loops import Pass

LONGEST_CHAIN = 40
SCALAR_CHAIN = 6
MOST_COPIES = 4

Location = tuple[Any, ...]

ARITHMETIC = frozenset(
    (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.neg)
    + (np.add, np.subtract, np.multiply, np.divide, np.power, np.negative)
)
LIMITS = frozenset((np.clip, np.ndarray.clip, np.minimum, np.maximum))
COPIES = frozenset((np.array, np.asarray, np.copy, np.ndarray.copy, np.ndarray.astype, float, np.float64, np.float32))


def is_elementwise(fn: Any) -> bool:
    """Whether each entry of the result depends on the same entry of the operands only."""
    if isinstance(fn, np.ufunc):
        return fn.signature is None
    return fn in ARITHMETIC or fn in COPIES or fn in (np.clip, np.where, np.ndarray.clip, np.round, abs, round)


@dataclass(slots=True, eq=False)
class Update:
    """One update of one location.

    ``entry`` is the entry that wrote it (in place) or the last one before the binding; ``old`` and ``new`` are operand
    codes, ``path`` the entries from the new value back to the old one, ``increments`` the other operands on that path.
    """

    location: Location
    site: int
    entry: int
    old: int
    new: int
    in_place: bool
    path: list[int]
    increments: list[int]
    place: Pass
    reset: bool
    kept: Any = None
    number: int = 0

    @property
    def holder(self) -> Any:
        """The object, list or dict whose attribute or slot was updated, None when it is gone."""
        return self.kept() if isinstance(self.kept, weakref.ref) else self.kept

    @property
    def key(self) -> tuple[Location, int]:
        """What makes two updates the same one in different passes."""
        return self.location, self.site


def _kept(holder: Any) -> Any:
    """Objects are referred to weakly, so that they die when they would; lists and dicts cannot be."""
    if holder is None or isinstance(holder, list | dict | tuple | np.ndarray):
        return holder
    try:
        return weakref.ref(holder)
    except TypeError:
        return holder


@dataclass(slots=True)
class Locations:
    """The last value of each location, and the updates seen."""

    tape: Tape
    last: dict[Location, int] = field(default_factory=dict)
    reset_at: dict[Location, int] = field(default_factory=dict)
    updated_at: dict[Location, int] = field(default_factory=dict)
    stored_at: dict[int, int] = field(default_factory=dict)  # storage -> last write that is no update
    updates: list[Update] = field(default_factory=list)
    inside: dict[int, list[Update]] = field(default_factory=dict)  # storage -> updates in place
    updated: set[int] = field(default_factory=set)  # storages that hold what an update has made
    named: dict[int, int] = field(default_factory=dict)  # storage -> site that last gave it a name outside of loops

    def assign(
        self, location: Location, site: int, new: int, place: Pass, old: int = -1, holder: Any = None
    ) -> Update | None:
        """A location takes a value; returns the update if it is one. ``old``: what it held, where that is seen."""
        if old < 0:
            old = self.last.get(location, -1)
        if place.activation is None and new & 3 != CONST:
            self.named[self.tape.storage_of(new)] = site
        if old == new:
            return None
        self.last[location] = new
        if old >= 0:
            found = self._direct(new, old) or self._chained(new, old)
            if found is None and new & 3 == WHOLE:
                found = joined_chain(self.tape, new, old) or self._stepped_copy(new, old)
            if found is not None:
                path, outside = found
                now = len(self.tape.entry_template)
                reset = self.reset_at.get(location, -1) > self.updated_at.get(location, -1)
                made = Update(location, site, now - 1, old, new, False, path, outside, place, reset, _kept(holder))
                return self._add(made)
        self.reset_at[location] = len(self.tape.entry_template)
        return None

    def _chained(self, new: int, old: int) -> tuple[list[int], list[int]] | None:
        path = self.chain(new, old)
        return None if path is None else (path, self.off_path(path, old))

    def _stepped_copy(self, new: int, old: int) -> tuple[list[int], list[int]] | None:
        """``w = step(w)`` where the function copies its argument and updates the copy in place. Where one line does so
        again and again, those are the steps, not this.
        """
        tape, storage = self.tape, new >> 2
        inside = self.inside.get(storage, [])
        if not inside or len({u.key for u in inside}) < len(inside):
            return None
        writes = {u.entry for u in inside} | {self.stored_at[s] for s in (storage,) if s in self.stored_at}
        path = sorted(writes, reverse=True)
        for _ in range(MOST_COPIES):
            entry = tape.storage_born[storage]
            if entry < 0:
                return None
            template, inputs, _ = tape.entry(entry)
            if template.fn not in COPIES or inputs[0] & 3 == CONST:
                return None
            path.append(entry)
            if inputs[0] == old:
                return path, list(dict.fromkeys(c for u in inside for c in u.increments))
            storage = tape.storage_of(inputs[0])
        return None

    def _direct(self, new: int, old: int) -> tuple[list[int], list[int]] | None:
        """What `chain` and `off_path` find where one number is the other plus, minus or times something."""
        if new & 3 or old & 3:
            return None
        tape = self.tape
        entry = tape.storage_born[new >> 2]
        if entry < 0:
            return None
        template = tape.templates[tape.entry_template[entry]]
        if template.inputs != 2 or template.fn not in ARITHMETIC or template.kind != "op":
            return None
        start = tape.entry_start[entry]
        left, right = tape.operands[start], tape.operands[start + 1]
        if left != old and right != old:
            return None
        return [entry], [c for c in (left, right) if c != old and c & 3 != CONST]

    def written(
        self, site: int, entry: int, dest: int, path: list[int] | None, increments: list[int], place: Pass
    ) -> Update | None:
        """An entry wrote the region ``dest``; ``path`` is None when its old value does not enter."""
        storage = self.tape.storage_of(dest)
        if path is None:
            self.stored_at[storage] = entry
            return None
        location = ("memory", storage, dest)
        reset = self.stored_at.get(storage, -1) > self.updated_at.get(location, -1)
        made = self._add(Update(location, site, entry, dest, dest, True, path, increments, place, reset))
        self.inside.setdefault(storage, []).append(made)
        return made

    def _add(self, update: Update) -> Update:
        update.number = len(self.updates)
        self.updated_at[update.location] = update.entry
        self.updated.add(self.tape.storage_of(update.new))
        self.updates.append(update)
        return update

    def renamed(self, place: Pass) -> list[Update]:
        """Updates whose results went to other locations: `w_new = w - rate * g`, where nothing was updated itself."""
        tape = self.tape
        held = {code: location for location, code in self.last.items()}
        found: list[Update] = []
        for location, new in self.last.items():
            entry = tape.storage_born[tape.storage_of(new)] if new & 3 != CONST else -1
            template, inputs, _ = tape.entry(entry) if entry >= 0 else (None, (), ())
            if template is None or template.fn not in SUMS:
                continue
            old = next((c for c in inputs if c in held and tape.shape_of(c) == tape.shape_of(new)), None)
            if old is None or old & 3 == CONST or held[old] == location:
                continue
            outside = [c for c in inputs if c != old and c & 3 != CONST]
            if not self._depends(outside, old, entry):
                continue
            found.append(
                Update(
                    held[old], template.site, entry, old, new, False, [entry], outside, place, False, None, len(found)
                )
            )
        return found

    def _depends(self, codes: list[int], old: int, end: int) -> bool:
        """Whether some of the values before an entry are made from the old one: `z = x @ w + b` is no update of b."""
        tape = self.tape
        wanted = {tape.storage_of(c) for c in codes}
        target = tape.storage_of(old)
        for number in range(end - 1, -1, -1):
            template, inputs, outputs = tape.entry(number)
            made = [*outputs, *(inputs[place] for place in template.writes)]
            if any(c & 3 != CONST and tape.storage_of(c) in wanted for c in made):
                wanted |= {tape.storage_of(c) for c in inputs if c & 3 != CONST}
                if target in wanted:
                    return True
        return False

    # following a chain on the tape

    def chain(self, new: int, old: int, fancy: bool = False) -> list[int] | None:
        """Entries from ``new`` back to ``old`` if one is an update of the other, else None.

        ``fancy``: the old value may be a fancy gather of the same storage (``W[rows] = W[rows] - ...``).
        """
        tape = self.tape
        tag = new & 3
        start = tape.storage_of(new) if tag >= VIEW else new >> 2
        if start < 0 or tape.storage_born[start] < 0:
            return None
        target = tape.storage_of(old)
        if target < 0 or start == target:
            return None
        templates, ids, starts, operands = tape.templates, tape.entry_template, tape.entry_start, tape.operands
        views, born = tape.views, tape.storage_born
        shape = tape.shape_of(new) if tag else ()
        limit = LONGEST_CHAIN if shape else SCALAR_CHAIN
        queue: list[tuple[int, tuple[int, ...]]] = [(start, ())]
        seen = {start}
        for storage, behind in queue:
            entry = born[storage]
            if entry < 0 or len(queue) > limit:
                continue
            template = templates[ids[entry]]
            elementwise = template.elementwise
            if not (elementwise or fancy or template.kind == "element"):
                continue
            path = (*behind, entry)
            first = starts[entry]
            for code in operands[first : first + template.inputs]:
                tag = code & 3
                if tag == CONST:
                    continue
                source = views[code >> 2][0] if tag == VIEW else code >> 2
                if source == target and (code == old or self._same_region(code, old, fancy, template.fn)):
                    return list(path) if self._has_arithmetic(path) or self._limits(path, target) else None
                if elementwise and source not in seen and (tape.shape_of(code) if tag else ()) == shape:
                    seen.add(source)
                    queue.append((source, path))
        return None

    def _same_region(self, code: int, old: int, fancy: bool, fn: Any) -> bool:
        return self.tape.span_of(code) == self.tape.span_of(old) or (fancy and fn is operator.getitem)

    def _has_arithmetic(self, path: tuple[int, ...]) -> bool:
        templates, ids = self.tape.templates, self.tape.entry_template
        return any(templates[ids[e]].fn in ARITHMETIC for e in path)

    def _limits(self, path: tuple[int, ...], old: int) -> bool:
        """Whether a value that an update has made is kept within bounds: that belongs to the update."""
        templates, ids = self.tape.templates, self.tape.entry_template
        return old in self.updated and any(templates[ids[e]].fn in LIMITS for e in path)

    def off_path(self, path: list[int], old: int) -> list[int]:
        """Operands that enter the path from outside: the increment."""
        tape = self.tape
        templates, ids, starts, operands, views = (
            tape.templates, tape.entry_template, tape.entry_start, tape.operands, tape.views,
        )  # fmt: skip
        inside = {tape.storage_of(old)}
        inputs: list[int] = []
        for entry in path:
            template, first = templates[ids[entry]], starts[entry]
            middle = first + template.inputs
            inputs += operands[first:middle]
            for c in operands[middle : middle + template.outputs]:
                inside.add(views[c >> 2][0] if c & 3 == VIEW else c >> 2)
        return [c for c in inputs if c & 3 != CONST and (views[c >> 2][0] if c & 3 == VIEW else c >> 2) not in inside]
