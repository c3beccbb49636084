"""Parameter candidates: the locations that a training updates and that survive its steps."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..ops.arithmetic import ADDITIONS, SCALES, SUMS
from ..record.events import COPIES, Location, Update
from ..record.joins import JOINS, REFORMS
from ..record.loops import Activation, Pass
from ..replay.functions import IN_PLACE_OF
from ..tape import CONST, WHOLE, Tape
from .flow import backward_slice

MOST_ROUNDS = 3  # in which an update is looked at
LONGEST_PASS = 20_000  # entries before a value in which what it is made from is looked for
PLAIN = SUMS | SCALES | COPIES | {operator.neg, np.negative}
MOST_BEHIND = 80  # storages behind an increment that are looked at
LONGEST_PLAIN = 4  # without a loop, a value that is made from its old one by more operations than this is no update


@dataclass(slots=True, eq=False)
class Candidate:
    """One location (or one storage whose parts are updated one by one) with its updates, grouped in rounds.

    A round is one pass of the innermost training loop in which the location is updated again and again: one step.
    ``region`` is the operand code of the value before the first update, ``whole`` tells that the parts of a storage
    were merged.
    """

    key: Location
    rounds: list[list[Update]]
    region: int
    whole: bool = False
    name: str = ""
    names: list[str] = field(default_factory=list)
    shape: tuple[int, ...] = ()
    step: Pass | None = None
    decided: bool = False  # only a decision of the script makes its increments depend on it (a hinge)

    @property
    def first(self) -> Update:
        """The first update of the first round."""
        return self.rounds[0][0]


def find(tape: Tape, updates: list[Update], activation: Activation | None) -> list[Candidate]:
    """Candidates among the updates of one training loop activation (None: of the whole script, without a loop)."""
    inside = [u for u in updates if activation is None or u.place.of(activation) is not None]
    units = _units(tape, inside)
    found = []
    for key, members in units.items():
        if _carries_numbers(tape, members[0]) and _survives(tape, members, activation):
            found.append(_candidate(tape, key, members))
    found = _without_twins(sorted(found, key=lambda c: c.first.number))
    return _without_mixed(tape, _without_gated(tape, _without_followers(tape, found)))


def _without_twins(found: list[Candidate]) -> list[Candidate]:
    """The same values under two names (a list or dict that was assigned as a whole, a function's own name for what it
    returns) are one candidate: the one with the most updates, the first of equals.
    """
    values = [{(u.old, u.new) for r in c.rounds for u in r} for c in found]
    out = []
    for i, c in enumerate(found):
        twins = (values[i] < other or (values[i] == other and j < i) for j, other in enumerate(values) if j != i)
        if c.first.in_place or not any(twins):
            out.append(c)
    return out


def _without_followers(tape: Tape, found: list[Candidate]) -> list[Candidate]:
    """What is made from its old value through another candidate only is none: a gradient that holds ``decay * W``."""
    makers = {tape.storage_of(u.new): c for c in found for r in c.rounds for u in r}

    def follows(c: Candidate) -> bool:
        path = {e for updates in c.rounds[:MOST_ROUNDS] for u in updates for e in u.path}
        made = {tape.storage_of(code) for e in path for code in tape.entry(e)[2]}
        return any(makers.get(s, c) is not c for s in made)

    return [c for c in found if c.first.in_place or not follows(c)]


def _without_gated(tape: Tape, found: list[Candidate]) -> list[Candidate]:
    """A value that is multiplied entry by entry by what other candidates make is the state of a recurrence (the cell of
    an LSTM) that is carried from step to step, where there are candidates that are not.
    """
    gates = {id(c): list(_gates(tape, c)) for c in found}
    free = {
        tape.storage_of(code): c
        for c in found
        if not gates[id(c)]
        for r in c.rounds[:MOST_ROUNDS]
        for u in r
        for code in (u.old, u.new)
    }

    def gated(c: Candidate) -> bool:
        for entry, code in gates[id(c)][:MOST_ROUNDS]:
            behind = backward_slice(tape, {tape.storage_of(code)}, entry, max(0, entry - LONGEST_PASS))
            if any(tape.storage_of(i) in free for e in behind for i in tape.entry(e)[1] if i & 3 != CONST):
                return True
        return False

    return [c for c in found if not gated(c)]


def _without_mixed(tape: Tape, found: list[Candidate]) -> list[Candidate]:
    """What is cut out of a joined array is kept only where the array takes a plain step: an optimiser's state, a limit
    or a decay would have the size of the whole, and be compared with a part.
    """
    joined = [c for c in found if _is_joined(tape, c)]
    held = {tape.storage_of(u.old) for c in joined for u in c.rounds[0]}
    rest = (u for c in found if joined and c not in joined for r in c.rounds[:MOST_ROUNDS] for u in r)
    state = {tape.storage_of(code) for u in rest for code in (u.old, u.new)}
    return [c for c in found if c not in joined or _is_plain(tape, c, state, held)]


def _is_joined(tape: Tape, c: Candidate) -> bool:
    return any(tape.templates[tape.entry_template[e]].fn in JOINS for u in c.rounds[0] for e in u.path)


def _is_plain(tape: Tape, c: Candidate, state: set[int], held: set[int]) -> bool:
    """Whether all that enters the increments entry by entry are terms and numbers as factors, none of them state or
    joined parameters.
    """
    joined = {s for u in c.rounds[0] for e in u.path for s in tape.made(e)}
    queue = [tape.storage_of(i) for u in c.rounds[0] for i in u.increments]
    for storage in queue:
        entry = tape.storage_born[storage] if storage >= 0 else -1
        if storage in state | joined or len(queue) > MOST_BEHIND or (entry >= 0 and _joins(tape, entry, held)):
            return False
        if entry < 0 or not tape.templates[tape.entry_template[entry]].elementwise:
            continue
        template, inputs, _ = tape.entry(entry)
        arrays = [i for i in inputs if i & 3 != CONST and tape.shape_of(i) != ()]
        if template.fn not in PLAIN or (template.fn not in SUMS and len(arrays) > 1):
            return False
        queue += [tape.storage_of(i) for i in arrays if tape.storage_of(i) not in queue]
    return True


def _joins(tape: Tape, entry: int, held: set[int]) -> bool:
    """Whether an entry joins arrays that are held somewhere, copies of them or what is made of one entry by entry."""
    template, inputs, _ = tape.entry(entry)
    queue = [tape.storage_of(i) for i in inputs if i & 3 != CONST] if template.fn in JOINS else []
    for storage in queue:
        made = tape.storage_born[storage]
        if storage in held or len(queue) > MOST_BEHIND:
            return True
        if made >= 0 and (tape.entry(made)[0].elementwise or tape.entry(made)[0].fn in REFORMS):
            queue += [s for i in tape.entry(made)[1] if i & 3 != CONST and (s := tape.storage_of(i)) not in queue]
    return False


def _gates(tape: Tape, c: Candidate) -> Iterator[tuple[int, int]]:
    """Arrays of a candidate's own shape that it is multiplied by on the way to its next value, with the entries."""
    for u in c.rounds[0] if not c.first.in_place and c.shape else ():
        way = {tape.storage_of(u.old), *(s for e in u.path for s in tape.made(e))}
        for e in u.path:
            template, inputs, _ = tape.entry(e)
            if template.fn in (operator.mul, np.multiply):
                yield from (
                    (e, i)
                    for i in inputs
                    if i & 3 != CONST and tape.shape_of(i) == c.shape and tape.storage_of(i) not in way
                )


def _units(tape: Tape, updates: list[Update]) -> dict[Location, list[Update]]:
    """Updates by location; the parts of a storage belong together when one line updates several or one is a
    single entry.
    """
    lines: dict[tuple[int, int], set[int]] = {}
    for u in updates:
        if u.in_place:
            lines.setdefault((tape.storage_of(u.old), u.site), set()).add(u.old)
    merged = {
        s for (s, _), regions in lines.items() if len(regions) > 1 or any(tape.shape_of(r) == () for r in regions)
    }
    units: dict[Location, list[Update]] = {}
    for u in updates:
        key = u.location
        if u.in_place and tape.storage_of(u.old) in merged:
            key = ("storage", tape.storage_of(u.old))
        units.setdefault(key, []).append(u)
    return units


def _carries_numbers(tape: Tape, update: Update) -> bool:
    dtype = tape.dtype_of(tape.storage_of(update.new))
    return dtype is None or dtype.kind == "f"


def _survives(tape: Tape, members: list[Update], activation: Activation | None) -> bool:
    """Two consecutive updates in different passes of the loop without a reset between."""
    if activation is None:
        plain = sum(u.reset for u in members) <= 1 and all(len(u.path) <= LONGEST_PLAIN for u in members)
        return plain and not all(_made_in_pass(tape, u) for u in members)
    for before, after in zip(members, members[1:], strict=False):
        if not after.reset and before.place.of(activation) is not after.place.of(activation):
            return True
    return False


def _made_in_pass(tape: Tape, u: Update) -> bool:
    """Whether an array was made in the same pass of a loop in which it is updated: then it is new in each."""
    born = tape.storage_born[tape.storage_of(u.old)]
    return u.in_place and u.place.activation is not None and born >= u.place.entry


def _candidate(tape: Tape, key: Location, members: list[Update]) -> Candidate:
    step = _step_line(members)
    rounds: dict[Any, list[Update]] = {}
    for u in members:
        rounds.setdefault(_round(u, step), []).append(u)
    first = members[0]
    merged = key[0] == "storage"
    region = tape.storage_of(first.old) * 4 + WHOLE if merged else first.old
    found = Candidate(key, list(rounds.values()), region, merged)
    found.shape = tape.shape_of(region)
    found.step = _round(first, step)
    return found


def _step_line(members: list[Update]) -> Any:
    """The innermost training loop line that updates the same region in several passes of one activation."""
    passes: dict[tuple[int, int], set[int]] = {}
    repeated: set[int] = set()
    anywhere: dict[int, set[int]] = {}
    for u in members:
        for place in u.place.chain():
            activation = place.activation
            if activation is not None and activation.line.training:
                seen = passes.setdefault((id(activation), u.old if u.in_place else 0), set())
                seen.add(place.number)
                if len(seen) > 1:
                    repeated.add(id(activation.line))
                anywhere.setdefault(id(activation.line), set()).add(id(place))
    chain = [p.activation.line for p in members[0].place.chain() if p.activation is not None]
    for line in chain:
        if id(line) in repeated:
            return line
    for line in chain:
        if len(anywhere.get(id(line), ())) > 1:
            return line
    return None


def _round(update: Update, line: Any) -> Pass | None:
    for place in update.place.chain():
        if place.activation is not None and place.activation.line is line:
            return place
    return None


def last_entry(rounds: Iterable[list[Update]]) -> int:
    """One past the last entry of the updates."""
    return max((u.entry for r in rounds for u in r), default=-1) + 1


def without_undone(tape: Tape, c: Candidate, updates: list[Update]) -> list[Update]:
    """The last updates of a step, without those that take back what an earlier one of it added: `w += e`, a gradient at
    the sum, `w -= e`.
    """
    step = next((r for r in c.rounds if updates[-1] in r), updates)
    earlier = step[: len(step) - len(updates)]
    left = [u for u in updates if not any(_undoes(tape, u, e) for e in earlier)]
    return left or updates


def _undoes(tape: Tape, u: Update, earlier: Update) -> bool:
    ways = [IN_PLACE_OF.get(fn, fn) for fn in (_plain_fn(tape, x) for x in (u, earlier))]
    added = [way in ADDITIONS for way in ways]
    return u.increments == earlier.increments and all(way in SUMS for way in ways) and added[0] != added[1]


def _plain_fn(tape: Tape, u: Update) -> Any:
    """The function of an update that is one operation."""
    return tape.entry(u.path[0] if u.path else u.entry)[0].fn if len(u.path) < 2 else None
