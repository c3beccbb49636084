"""One place of the user's backward pass under suspicion, with all that a rule needs to suppose what was meant there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from ..ops import name_of
from ..record.sources import Site
from ..replay.adjoint import Recording
from ..results import Fix, Span
from ..step.trials import Trial
from ..tape import CONST, SCALAR, Tape, Template
from .code import Code
from .jury import Verdict
from .multiples import Partner
from .walk import Trace, Walk

Again = Callable[[list[Any]], Any]
"""What an entry makes of the operands that it finds."""

Goal = tuple[np.ndarray, np.ndarray]
"""What the script has at a place, and what belongs there but for a constant factor."""

MOST_VALUES = 32
MOST_IN_ORDERS = 128  # values of several executions, each in up to four orders
MOST_PLACES = 400
FIRST_FEW = 3
DEEPEST = 6
LARGEST = 4_000_000


@dataclass(slots=True)
class Mend:
    """What a rule supposes: with ``values`` in place of what the entries made, gradients become exact.

    A value may be computed anew from the operands, as they are with what lies before it mended: in a loop that carries
    its error along, each pass reads what the one before it made. ``place`` is the number of the guilty site; the other
    fields are those of the finding. Where what was meant has another shape, ``gradient`` says instead what the
    parameter's gradient itself would be. ``goal`` is there once it was tried: what the script has in one execution of
    the place, and what belongs there.
    """

    slug: str
    entries: tuple[int, ...]
    values: Sequence[np.ndarray | Again]
    place: int
    message: str
    label: str
    proof: list[str] = field(default_factory=list)
    related: list[Span] = field(default_factory=list)
    effect: str = ""
    fix: Fix | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    gradient: np.ndarray | None = None
    goal: Goal | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A value that was there: made by ``entry``, or only read by it (operand ``position``, -1 for the result)."""

    entry: int
    position: int
    value: np.ndarray


@dataclass(frozen=True, slots=True)
class Incoming:
    """A right value that went in: made by ``entries``, the adjoint of its partner."""

    entries: tuple[int, ...]
    value: np.ndarray
    partner: Partner


@dataclass(slots=True)
class Spot:
    """Executions of one place: one, or all of one form (then every array here has them as its first axis).

    ``origin`` is the execution where a gradient departs.
    """

    walk: Walk
    recording: Recording
    trace: Trace
    entries: tuple[int, ...]
    verdicts: list[Verdict]
    sites: list[Site]
    code: Code
    origin: int
    kept: dict[Any, Any] = field(default_factory=dict)  # what several rules ask for
    _pools: dict[tuple[int, ...], list[Known]] = field(default_factory=dict)

    @property
    def tape(self) -> Tape:
        """The tape of the run."""
        return self.walk.tape

    @property
    def trial(self) -> Trial:
        """The loss that is judged against."""
        return self.walk.trial

    @property
    def alone(self) -> Spot:
        """The execution where a gradient departs, without the others."""
        if len(self.entries) == 1:
            return self
        return replace(self, entries=(self.origin,), kept={}, _pools={})

    def aligned(self, entry: int) -> Iterator[dict[int, int]]:
        """For executions of this place those of a forward entry's place, in an order that pairs the origin with the
        entry: that of the forward pass, or the reverse. One at an end may have none: the state before the first pass.
        """
        same = self.tape.entry_template[entry]
        found = [e for e in sorted(self.walk.adjoints) if self.tape.entry_template[e] == same]
        count = len(self.entries)
        if count == 1 or abs(len(found) - count) > 1:
            if count == 1:
                yield {self.origin: entry}
            return
        place = self.entries.index(self.origin)
        for order in (found, found[::-1]):
            shift = order.index(entry) - place
            if abs(shift) <= 1:
                pairs = ((e, i + shift) for i, e in enumerate(self.entries))
                yield {e: order[i] for e, i in pairs if 0 <= i < len(order)}

    @property
    def template(self) -> Template:
        """What the executions share."""
        return self.tape.entry(self.entries[0])[0]

    @property
    def place(self) -> int:
        """The number of the site."""
        return self.template.site

    @property
    def site(self) -> Site:
        """The place in the source."""
        return self.sites[self.place]

    @property
    def function(self) -> str:
        """The name of the function that runs here, without its module."""
        return name_of(self.template.fn).rpartition(".")[2]

    def text_of(self, entry: int) -> str:
        """The source of an entry's expression, on one line."""
        return " ".join(self.sites[self.tape.site_of(entry)].text.split())

    @property
    def value(self) -> np.ndarray | None:
        """What the script computed here."""
        return self._stack([self.walk.value(e, self.recording) for e in self.entries])

    def _stack(self, values: list[Any]) -> np.ndarray | None:
        if any(v is None or np.shape(v) != np.shape(values[0]) for v in values):
            return None
        if np.asarray(values[0]).dtype.kind not in "fiub":
            return None
        return np.asarray(values[0], float) if len(values) == 1 else np.stack([np.asarray(v, float) for v in values])

    def apart(self, value: np.ndarray) -> list[np.ndarray]:
        """A value of all executions, one by one."""
        return [value] if len(self.entries) == 1 else list(value)

    def at_origin(self, value: np.ndarray) -> np.ndarray:
        """A value of all executions in the one where the gradient departs; in the first where that is another entry."""
        return self.apart(value)[self.entries.index(self.origin) if self.origin in self.entries else 0]

    def incoming(self, deep: bool = True) -> list[Incoming]:
        """Right values that went in: directly, or through values of the backward pass that are none."""
        found: list[Incoming] = []
        seen: set[int] = set()
        queue = [(self.entries, 0)]
        for entries, depth in queue:
            if entries[0] in seen:
                continue
            seen.add(entries[0])
            found += self._operands_on_path(entries)
            if depth < (DEEPEST if deep else 1):
                before = [p for p in self.trace.before.get(entries[0], ()) if not self._is_in(p, found)]
                queue += [(group, depth + 1) for p in before if (group := self._executions(p))]
        return found

    def _is_in(self, entry: int, found: list[Incoming]) -> bool:
        return any(entry in i.entries for i in found)

    def _operands_on_path(self, entries: tuple[int, ...]) -> Iterator[Incoming]:
        """The operands of some entries that are adjoints, with the entries that made them."""
        read = [self.recording.operands(e)[0] for e in entries]
        before = self.trace.before.get(entries[0], ())
        for i, code in enumerate(self.tape.entry(entries[0])[1]):
            makers = [p for p in before if code & 3 != CONST and self.walk.writes(p, code)]
            if not makers or not isinstance(read[0][i], np.ndarray | float):
                continue
            value = self._stack([values[i] for values in read])
            partner = None if value is None or value.size < 2 else self.walk.partner(value)
            group = self._executions(makers[-1])
            if value is not None and partner is not None and partner.entries and group:
                yield Incoming(group, value, partner)

    def _executions(self, entry: int) -> tuple[int, ...]:
        """The entry, or as many executions of its place as this spot has; none where the numbers differ."""
        if len(self.entries) == 1:
            return (entry,)
        same = self.tape.entry_template[entry]
        found = tuple(e for e in self.trace.path if self.tape.entry_template[e] == same)
        return found if len(found) == len(self.entries) else ()

    def truths(self, shape: tuple[int, ...], before: int | None = None) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
        """Adjoints of forward values of a shape, the nearest to ``before`` (or to the loss) first.

        Of adjoints that are multiples of each other (those of z and -z) the earliest stands for all.
        """
        seen: set[tuple[int, ...]] = set()
        for entries in self._groups(shape, before):
            found = self.walk.partner(self._adjoint(entries))
            known = found.entries if found is not None else entries
            if known and known not in seen:
                seen.add(known)
                g = self._adjoint(known)
                if g.shape == shape:
                    yield known, g

    def _adjoint(self, entries: tuple[int, ...]) -> np.ndarray:
        found = [self.walk.adjoints[e] for e in entries]
        return found[0] if len(found) == 1 else np.stack(found)

    def _groups(self, shape: tuple[int, ...], before: int | None) -> Iterator[tuple[int, ...]]:
        numbers = [n for n in sorted(self.walk.adjoints, reverse=True) if before is None or n < before]
        if len(self.entries) == 1:
            yield from ((n,) for n in numbers if self.walk.adjoints[n].shape == shape)
            return
        groups: dict[int, list[int]] = {}
        for n in reversed(numbers):
            groups.setdefault(self.tape.entry_template[n], []).append(n)
        for entries in sorted(groups.values(), key=lambda es: -es[-1]):
            alike = all(self.walk.adjoints[e].shape == shape[1:] for e in entries)
            if len(entries) == len(self.entries) and alike:
                yield tuple(entries)
                yield tuple(entries[::-1])  # a backward pass through time runs the other way

    def forward_value(self, entries: tuple[int, ...]) -> np.ndarray | None:
        """What forward entries made."""
        return self._stack([self.walk.value(e, self.trial.recording) for e in entries])

    def known(self, shape: tuple[int, ...]) -> list[Known]:
        """Values of a shape that the forward pass made or read, the latest first."""
        pool = self._pools.get(shape)
        if pool is None:
            pool = self._pools[shape] = self._known(shape)
        return pool

    def _known(self, shape: tuple[int, ...]) -> list[Known]:
        if int(np.prod(shape)) > LARGEST:
            return []
        single = len(self.entries) == 1
        groups: dict[tuple[int, int], list[int]] = {}
        for number in sorted(self.walk.forward, reverse=True):
            template, inputs, outputs = self.tape.entry(number)
            wanted = shape if single else shape[1:]
            for position, code in [(-1, c) for c in outputs] + list(enumerate(inputs)):
                if code & 3 == CONST or (code & 3 == SCALAR and wanted != ()) or self.tape.shape_of(code) != wanted:
                    continue
                key = (code, min(position, 0)) if single else (self.tape.entry_template[number], position)
                groups.setdefault(key, []).append(number)
        out: list[Known] = []
        for key, numbers in islice(groups.items(), MOST_PLACES):
            for order in (numbers[:1],) if single else self._orders(numbers):
                made = self._read(key, order, single)
                if made is not None and not any(same_numbers(made.value, k.value) for k in out):
                    out.append(made)
            if len(out) >= (MOST_VALUES if single else MOST_IN_ORDERS):
                break
        return out

    def _orders(self, numbers: list[int]) -> Iterator[list[int]]:
        """Executions of a forward place in the orders that may pair them with those of this place: the same, or the
        reverse. One at an end may have no partner: what the first pass hands back is read by nobody.
        """
        count = len(self.entries)
        for first in range(len(numbers) - count + 1 if len(numbers) - count < 2 else 0):
            part = numbers[first : first + count]
            yield from (part[::-1], part)

    def _read(self, key: tuple[int, int], numbers: list[int], single: bool) -> Known | None:
        position = key[1]
        if single and position >= 0:
            position = list(self.tape.entry(numbers[0])[1]).index(key[0])
        values = [self._operand(n, position) for n in numbers]
        value = self._stack(values)
        return None if value is None else Known(numbers[0], position, value)

    def _operand(self, number: int, position: int) -> Any:
        values, result = self.trial.recording.operands(number)
        return result if position < 0 else values[position]

    def maker(self, known: Known) -> int:
        """The entry that made a known value, or last wrote into it; -1 where it was there before."""
        if known.position < 0:
            return known.entry
        storage = self.tape.storage_of(self.tape.entry(known.entry)[1][known.position])
        for number in sorted((e for e in self.walk.forward if e < known.entry), reverse=True):
            template, inputs, _ = self.tape.entry(number)
            if any(self.tape.storage_of(inputs[place]) == storage for place in template.writes):
                return number
        return self.tape.storage_born[storage]

    def text_known(self, known: Known) -> str:
        """What the source calls a known value: a parameter's name, that which it is assigned to, or the expression."""
        made = self.maker(known)
        site = self.sites[self.tape.site_of(made)] if made >= 0 else None
        name = self.code.name(site) if site is not None and self.code.named(site) else ""
        plain = "" if "[" in name else name  # an index counts passes: here and there it means another one
        if not name:
            plain = self._read_as(known)
        return self.parameter(known) or plain or (self.text_of(made) if made >= 0 else "its input")

    def _read_as(self, known: Known) -> str:
        """What the first forward line that reads a known value calls it; "" where that has no plain name."""
        made = self.tape.made(known.entry) if known.position < 0 else set()
        for reader in [known.entry] if known.position >= 0 else self.walk.readers(known.entry)[:1]:
            inputs, site = self.tape.entry(reader)[1], self.sites[self.tape.site_of(reader)]
            own = [i for i, c in enumerate(inputs) if c & 3 != CONST and self.tape.storage_of(c) in made]
            position = known.position if known.position >= 0 else (own or [-1])[0]
            found = self.code.operand(site, position, len(inputs)) if position >= 0 else ""
            return "" if f"{found}[" in site.text else found
        return ""

    def parameter(self, known: Known) -> str:
        """The name of the parameter that a known value is; "" for what is none."""
        storage = self.tape.storage_of(self.tape.entry(known.entry)[1][known.position]) if known.position >= 0 else -1
        versions = self.walk.made.window.versions
        return next((v.candidate.name for v in versions if self.tape.storage_of(v.code) == storage), "")

    def operands(self) -> list[np.ndarray | None]:
        """The operands, None for what is no array of numbers."""
        values = [self.recording.operands(e)[0] for e in self.entries]
        return [self._stack([v[i] for v in values]) for i in range(len(values[0]))]

    def belongs(self, value: np.ndarray) -> bool:
        """Whether a value is an adjoint or a share of one, in all executions together or in each of the first few."""
        if self.walk.agrees(value):
            return True
        few = [v for v in self.apart(value)[:FIRST_FEW] if np.any(v)]
        return bool(few) and all(self.walk.is_share(v) or self.walk.agrees(v) for v in few)

    def begins_right(self, value: np.ndarray) -> bool:
        """Whether a value is an adjoint or a share in the first execution: in a loop, later ones read what it made."""
        first = self.at_origin(value)
        return bool(np.any(first)) and (self.walk.is_share(first) or self.walk.agrees(first))

    def again(self, operands: list[Any], function: Any = None) -> np.ndarray | None:
        """The place computed with other operands (None: as they are); None where that fails."""
        out = []
        for i, entry in enumerate(self.entries):
            raw = self.recording.operands(entry)[0]
            given = [r if o is None else self._apart(o, i) for r, o in zip(raw, operands, strict=True)]
            made = self.call(given, function)
            if made is None:
                return None
            out.append(made)
        return self._stack(out)

    def _apart(self, value: Any, i: int) -> Any:
        return value if len(self.entries) == 1 else value[i]

    def call(self, operands: list[Any], function: Any = None) -> Any:
        """What the place makes of operands; None where that fails."""
        fn = function or self.template.fn
        if fn is None:
            return None
        with np.errstate(all="ignore"):
            try:
                args, kwargs = self.template.arguments(operands)
                return fn(*args, **kwargs)
            except Exception:
                return None

    def with_operand(self, position: int, other: Callable[[int, Any], Any]) -> list[Again]:
        """Each execution with one operand changed: ``other`` makes it of the execution's number and what is there."""

        def of(i: int) -> Again:
            return lambda found: self.call([other(i, o) if p == position else o for p, o in enumerate(found)])

        return [of(i) for i in range(len(self.entries))]


def same_numbers(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays of one shape hold the same numbers; most that do not differ soon."""
    first = slice(0, 64)
    return np.array_equal(one.flat[first], other.flat[first]) and np.array_equal(one, other)
