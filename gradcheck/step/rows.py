"""The rows that each step trains on, followed back to the data set.

A *place* is an operand, in the code of a step, through which data enters: on the input side where it meets a parameter,
on the target side where it meets what was computed from both. The same place is looked up in every recorded pass of the
step's loop, so the rows of several steps and epochs can be laid beside each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..record.loops import Activation, Pass
from ..tape import CONST, SCALAR, Tape
from .chains import Chain, Level, joined, unmixed
from .provenance import PRODUCTS, Tracer

if TYPE_CHECKING:
    from .trials import Judgement

MOST_ENTRIES = 200_000
MOST_PLACES = 60
MOST_STEPS = 24  # of a single epoch; the first and the last few of each of two
FIRST_STEPS = 6
FEW_STEPS = 4
ENOUGH_LOOKS = 3000  # operands looked at, after which an epoch is followed no further
MOST_EXECUTIONS = 512
MOST_NUMBERS = 64  # executions of a place that reads single numbers
MOST_SIDES = 4  # places that are followed further, of inputs and of targets
Key = tuple[int, int]  # storage and axis of the array that rows were followed back to


@dataclass(slots=True)
class Step:
    """One pass of the step's loop: entries [begin, end).

    ``epoch`` counts the executions of the loop statement, ``number`` the steps of one, both from 0.
    """

    begin: int
    end: int
    epoch: int = 0
    number: int = 0


@dataclass(slots=True)
class Place:
    """An operand through which data enters a step: ``entry`` is its first reader in the first step.

    ``chains[k]`` holds the rows of step k by the array they were followed back to.
    """

    template: int
    position: int
    entry: int
    target: bool
    executions: list[int] = field(default_factory=list)
    axes: tuple[int, ...] | None = None  # those along which rows were found in the first step; -1: it lies in one row
    chains: list[dict[Key, Chain]] = field(default_factory=list)

    def chain(self, step: int, key: Key) -> Chain | None:
        """The rows of one step in one array."""
        return self.chains[step].get(key)


@dataclass(slots=True)
class Rows:
    """Rows of all recorded steps. ``key`` is the data set on the input side, None where none was found."""

    tape: Tape
    tracer: Tracer
    steps: list[Step]
    places: list[Place]
    place: Place | None = None
    key: Key | None = None
    _inputs: dict[int, set[int]] = field(default_factory=dict)

    @property
    def total(self) -> int | None:
        """How many rows the data set of the input side has: those of a step, where all steps take the same."""
        chain = self.first
        if chain is None or self.place is None or self.key is None:
            return None
        size = len(chain.origin.ids)
        if not _changes(self.place, self.key):
            return size
        whole = [v.count for v in chain.levels if v.count > size and v.time < self.steps[0].begin]
        return whole[0] if whole else chain.origin.count

    @property
    def first(self) -> Chain | None:
        """The rows of the first step on the input side."""
        return None if self.place is None or self.key is None else self.place.chain(0, self.key)

    @property
    def targets(self) -> list[Place]:
        """Places where data meets what was computed, and that read another array than the inputs do."""
        return [p for p in self.places if p.target and self._reads_apart(p)]

    def _reads_apart(self, place: Place) -> bool:
        return any(self.apart(c, n) for n, chains in enumerate(place.chains) for c in chains.values())

    def apart(self, chain: Chain, step: int) -> bool:
        """Whether the rows come, in one step, out of an array that no input place reads."""
        level = given(chain, self.steps[step].begin)
        return level is not None and level.storage not in self._read_by_inputs(step)

    def _read_by_inputs(self, step: int) -> set[int]:
        if step not in self._inputs:
            begin = self.steps[step].begin
            chains = [c for p in self.places if not p.target for c in p.chains[step].values()]
            self._inputs[step] = {v.storage for c in chains if (v := given(c, begin)) is not None}
        return self._inputs[step]


def given(chain: Chain, begin: int) -> Level | None:
    """The array that a step takes its rows from: the last one that was complete when the step began."""
    return next((v for v in chain.levels if v.time < begin), None)


def follow(tape: Tape, made: Judgement) -> Rows | None:
    """The rows of a judged training; None where they are not followed (too long a tape, nothing to follow)."""
    if made.window.end > MOST_ENTRIES or made.fault:
        return None
    steps = _steps(made)
    if not steps:
        return None
    places = _places(tape, made, steps[0])
    rows = Rows(tape, Tracer(tape), steps, places)
    _fill(rows)
    _choose(rows)
    return rows


def _steps(made: Judgement) -> list[Step]:
    """The passes of the step's loop in which parameters were updated, in order."""
    candidate = max(made.parameters, key=lambda c: len(c.rounds))
    step = candidate.step
    if step is None or step.activation is None:
        window = made.window
        return [Step(window.begin, window.end)] if window.end > window.begin else []
    line = step.activation.line
    found: dict[int, Pass] = {}
    for updates in candidate.rounds:
        for u in updates:
            for place in u.place.chain():
                if place.activation is not None and place.activation.line is line:
                    found.setdefault(id(place), place)
    epochs: dict[int, list[Step]] = {}
    for p in sorted(found.values(), key=lambda p: p.entry):
        activation = p.activation
        assert activation is not None
        epoch = epochs.setdefault(id(activation), [])
        epoch.append(Step(p.entry, _end(activation, p), list(epochs).index(id(activation)), len(epoch)))
    every = list(epochs.values())
    if len(every) == 1:
        return every[0][:MOST_STEPS]
    return [s for epoch in every[:2] for s in (*epoch[:FIRST_STEPS], *epoch[FIRST_STEPS:][-1:])]


def _end(activation: Activation, p: Pass) -> int:
    later = activation.entries[p.number] if p.number < len(activation.entries) else 0
    return max(later, p.entry)


# where data enters


def _places(tape: Tape, made: Judgement, step: Step) -> list[Place]:
    """Places of the first step, in the order in which they are read."""
    masks, active, mixed = made.window.masks, made.window.active(), set()
    found: dict[tuple[int, int], Place] = {}
    crowded: set[tuple[int, int]] = set()
    counts: dict[int, int] = {}
    for number in range(step.begin, min(step.end, made.window.end)):
        template = tape.entry_template[number]
        execution = counts[template] = counts.get(template, 0) + 1
        if not masks.entry_masks.get(number):
            continue
        kind, inputs, outputs = tape.entry(number)
        target = any(tape.storage_of(c) in mixed for c in inputs)
        data = [i for i, c in enumerate(inputs) if tape.storage_of(c) not in active and _has_rows(tape, c)]
        for position in data[:MOST_PLACES]:
            place = found.get((template, position))
            if place is not None and inputs[position] & 3 == SCALAR and len(place.executions) >= MOST_NUMBERS:
                crowded.add((template, position))
            if place is None:
                if len(found) >= MOST_PLACES:
                    continue
                place = found[template, position] = Place(template, position, number, target)
            if len(place.executions) < MOST_EXECUTIONS:
                place.executions.append(execution - 1)
        if data or target:
            mixed |= {tape.storage_of(c) for c in outputs} | {tape.storage_of(inputs[i]) for i in kind.writes}
    return [p for key, p in found.items() if key not in crowded]


def _has_rows(tape: Tape, code: int) -> bool:
    """Arrays, and numbers that were read out of one."""
    if code & 3 in (CONST, SCALAR):
        return code & 3 == SCALAR and _is_read(tape, code)
    return True


def _is_read(tape: Tape, code: int) -> bool:
    entry = tape.storage_born[code >> 2]
    return entry >= 0 and tape.templates[tape.entry_template[entry]].kind == "element"


def _fill(rows: Rows) -> None:
    """Follow every place in the first step, and those that tell something new in the others."""
    templates = np.array(rows.tape.entry_template, np.int32)
    budget = rows.tracer.budget
    kept: list[Step] = []
    for step in rows.steps:
        heavy = budget - rows.tracer.budget > ENOUGH_LOOKS
        if heavy and step.epoch == 0 and len(kept) >= FEW_STEPS:
            continue
        part = templates[step.begin : step.end]
        for place in rows.places:
            entries = step.begin + np.flatnonzero(part == place.template)
            found = [_followed(rows, int(entries[k]), place) for k in place.executions if k < len(entries)]
            if not kept and len(found) > 1 and all(_alike(found[0], f) for f in found[1:]):
                del place.executions[1:]  # every execution reads the same rows, as windows of one picture do
                del found[1:]
            place.axes = tuple(sorted({a for f in found for a, _ in f.values()}, reverse=True))
            place.chains.append(_combined([{k: c for k, (_, c) in f.items()} for f in found]))
        if not kept:
            rows.places = _telling(rows.places, step.begin)
        kept.append(step)
    rows.steps = kept
    _drop_passing(rows)


def _alike(one: dict[Key, tuple[int, Chain]], other: dict[Key, tuple[int, Chain]]) -> bool:
    """Whether two executions read the same rows wherever one of them reads a part of an array."""
    return all(
        key in other and np.array_equal(c.origin.ids, other[key][1].origin.ids)
        for key, (_, c) in one.items()
        if key[1] == 0
    )


def _telling(places: list[Place], begin: int) -> list[Place]:
    """The places that read arrays that no earlier one reads."""
    out: list[Place] = []
    seen: dict[bool, set[int]] = {False: set(), True: set()}
    for place in sorted(places, key=lambda p: p.target):
        read = {v.storage for c in place.chains[0].values() if (v := given(c, begin)) is not None}
        new = read - seen[False] - seen[True]
        if new and sum(p.target == place.target for p in out) < MOST_SIDES:
            seen[place.target] |= read
            out.append(place)
    return out


def _followed(rows: Rows, entry: int, place: Place) -> dict[Key, tuple[int, Chain]]:
    """Rows of one operand by origin, with the axis they lie along; the one that a matrix product keeps comes first."""
    tape = rows.tape
    template, inputs, _ = tape.entry(entry)
    code = inputs[place.position]
    axes = list(range(len(tape.shape_of(code))))
    if template.fn in PRODUCTS and len(axes) == 2 and place.position == 1:
        axes.reverse()
    found: dict[Key, tuple[int, Chain]] = {}
    for axis in [*axes, -1]:
        if place.axes is not None and axis not in place.axes:
            continue
        chains = rows.tracer.along(code, axis, entry) if axis >= 0 else rows.tracer.whole(code, entry)
        for key, chain in unmixed(chains).items():
            found.setdefault(key, (axis, chain))
    return found


def _combined(parts: list[dict[Key, Chain]]) -> dict[Key, Chain]:
    """The rows of all executions of a place in one step, one after the other; repetitions count once."""
    out: dict[Key, Chain] = {}
    for key in parts[0] if parts else ():
        chains = [p[key] for p in parts if key in p]
        if len(chains) < len(parts):
            continue
        apart = [chains[0]]
        for c in chains[1:]:
            if not np.array_equal(c.origin.ids, apart[-1].origin.ids):
                apart.append(c)
        if len(apart) > 1 and any(np.array_equal(c.origin.ids, apart[0].origin.ids) for c in apart[1:]):
            apart = [c for i, c in enumerate(apart) if not _seen(apart[:i], c)]
        chain = apart[0] if len(apart) == 1 else joined(apart)
        if chain is not None:
            out[key] = _collapsed(chain)
    return out


def _seen(before: list[Chain], chain: Chain) -> bool:
    return any(np.array_equal(chain.origin.ids, b.origin.ids) for b in before)


def _collapsed(chain: Chain) -> Chain:
    """Rows that come in runs of one length (patches, time steps of a sample), each once."""
    ids = chain.origin.ids
    starts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]])) if ids.size else ids
    length = ids.size // max(len(starts), 1)
    if length < 2 or len(starts) < 2 or not np.array_equal(starts, length * np.arange(len(starts))):
        return chain
    return chain.take(starts)


def _drop_passing(rows: Rows) -> None:
    """Forget arrays that were made within the one step that reads them: they are no data set."""
    steps_of: dict[int, set[int]] = {}
    for place in rows.places:
        for n, chains in enumerate(place.chains):
            for storage, _ in chains:
                steps_of.setdefault(storage, set()).add(n)
    for place in rows.places:
        for n, chains in enumerate(place.chains):
            for key in [k for k, c in chains.items() if c.origin.time >= rows.steps[n].begin - 0.5]:
                if len(steps_of[key[0]]) < 2:
                    del chains[key]


def _choose(rows: Rows) -> None:
    """The data set of the input side: the first place's array whose rows change from step to step, else its first."""
    for place in rows.places:
        if place.target or not place.chains[0]:
            continue
        keys = list(place.chains[0])
        changing = [k for k in keys if _changes(place, k)]
        rows.place, rows.key = place, (changing or keys)[0]
        return


def _changes(place: Place, key: Key) -> bool:
    found = [c.origin.ids for chains in place.chains if (c := chains.get(key)) is not None]
    return any(not np.array_equal(found[0], ids) for ids in found[1:])
