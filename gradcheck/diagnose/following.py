"""What to read in a second run that follows the training for many steps: a few places of the source, and no more.

Each figure is read where the judged steps show it: an update where it is added, a gradient where the script uses it, an
activation where it is computed. A place may run several times in a step (a method that serves several layers), so a
reading says which execution is meant, counted from the step's beginning, by how often the place runs in the step.
The figures of the judged steps are told with it: what the second run reads there must be the same.
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ..ops.arithmetic import SCALES, SUMS
from ..record.events import Update
from ..record.figures import Layer, dead_share, live_units, saturated_share
from ..record.loops import Pass
from ..replay.forward import ReplayError
from ..results import Json
from ..step.candidates import Candidate
from ..tape import CONST, SCALAR
from . import activity, gradients, naming, softmaxes
from .stepview import StepView

WHAT = "the figures of many steps"
MOST_UPDATES = 8  # of one parameter in one step; more of them are no vectorised training
MOST_LINKS = 8
SAME = 1e-9
OPERATORS = frozenset((operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pos,
                       operator.pow, operator.matmul))  # fmt: skip
IN_PLACE = frozenset((operator.iadd, operator.isub, operator.imul, operator.itruediv))
SIGNS = frozenset((operator.neg, operator.pos, np.negative))

Found = tuple[str, int, int, int]  # role, site, position of the operand, entry


class NotFollowed(Exception):
    """A figure cannot be read in another run; the text says why."""


@dataclass(slots=True)
class _Points:
    """The places to be read, each once, and how to find an execution of them again."""

    view: StepView
    begins: list[int]  # first entry of each judged step
    ends: list[int]  # last update of each judged step
    rows: list[Json] = field(default_factory=list)
    ids: dict[tuple[str, int, int], int] = field(default_factory=dict)

    def add(self, role: str, site: int, position: int = 0) -> int:
        """The number of a place."""
        key = (role, site, position)
        if key not in self.ids:
            self.ids[key] = len(self.rows)
            place = self.view.site(site)
            span = [place.line, place.column, place.end_line, place.end_column]
            self.rows.append({"role": role, "source": place.file, "place": span, "position": position, "keep": False})
        return self.ids[key]

    def reading(self, found: list[Found | None], factor: float = 1.0) -> Json:
        """A reading of one execution a judged step; ``found`` has one for each step in which it was seen."""
        first = next(f for f in found if f is not None)
        point = self.add(*first[:3])
        at: dict[int, int] = {}
        for one in found:
            if one is not None and one[:3] == first[:3]:
                every = self.executions(one[3], self.step_of(one[3]))
                at.setdefault(len(every), every.index(one[3]))
        return {"point": point, "at": [[count, index] for count, index in at.items()], "factor": factor}

    def step_of(self, entry: int) -> int:
        """The judged step that an entry lies in."""
        return min(bisect_left(self.ends, entry), len(self.ends) - 1)

    def executions(self, entry: int, step: int) -> list[int]:
        """The entries of a judged step that the place of ``entry`` made."""
        tape = self.view.tape
        fn, site = tape.templates[tape.entry_template[entry]].fn, tape.site_of(entry)
        same = {i for i, t in enumerate(tape.templates) if t.site == site and t.fn is fn}
        return [e for e in range(self.begins[step], self.ends[step] + 1) if tape.entry_template[e] in same]


def plan(view: StepView) -> Json | None:
    """What to read, as JSON; None where no parameter of the training can be followed."""
    seen: dict[str, list[gradients.Seen]] = {}
    for one in gradients.seen(view.made):
        seen.setdefault(one.parameter, []).append(one)
    groups = [g for g in naming.groups(view.made.parameters) if g.name in seen]
    if not groups:
        return None
    step = _step_line(groups[0].members[0])
    points = _Points(view, *_bounds(view, groups))
    rows, left_out = [], []
    for group in groups:
        try:
            rows.append(_parameter(view, points, group, seen[group.name], step))
        except (NotFollowed, ReplayError) as problem:
            left_out.append([group.name, str(problem)])
    if step is not None:
        points.add("pass", step)
    layers, unknown = _layers(view, points)
    return {
        "training": view.number,
        "points": points.rows,
        "parameters": rows,
        "layers": layers,
        "left_out": left_out,
        "no_units": unknown,
    }


def _step_line(c: Candidate) -> int | None:
    activation = c.step.activation if c.step is not None else None
    return activation.line.site if activation is not None else None


def _bounds(view: StepView, groups: list[naming.Group]) -> tuple[list[int], list[int]]:
    """First entry and last update of each judged step."""
    begins, ends = [], []
    for number in range(view.made.window.rounds):
        updates = [u for g in groups for c in g.members if len(c.rounds) > number for u in c.rounds[number]]
        passes = [p.entry for g in groups for c in g.members if (p := _pass_of(c, number)) is not None]
        if updates:
            begins.append(min(passes, default=0))
            ends.append(max(u.entry for u in updates))
    return begins, ends


def _pass_of(c: Candidate, number: int) -> Pass | None:
    """The pass of the step's loop that a round of updates lies in."""
    line = c.step.activation.line if c.step is not None and c.step.activation is not None else None
    if line is None or len(c.rounds) <= number:
        return None
    chain = c.rounds[number][0].place.chain()
    return next((p for p in chain if p.activation is not None and p.activation.line is line), None)


# one parameter


def _parameter(
    view: StepView, points: _Points, group: naming.Group, seen: list[gradients.Seen], step: int | None
) -> Json:
    if len(group.members) > 1:
        raise NotFollowed("its numbers are updated one by one")
    c = group.members[0]
    if _step_line(c) != step:
        raise NotFollowed("another loop updates it")
    rounds = [c.rounds[s.step - 1] for s in seen]
    if max(map(len, rounds)) > MOST_UPDATES:
        raise NotFollowed("it is updated part by part")
    alike = [
        s.step - 1 for s, r in zip(seen, rounds, strict=True) if [u.site for u in r] == [u.site for u in rounds[0]]
    ]
    updates = _always(view, points, c, rounds) or _updates(view, points, c, [c.rounds[number] for number in alike])
    return {
        "name": group.name,
        "shape": list(c.shape),
        "updates": updates,
        "value": updates[0]["old"],
        "gradient": _by_rate(view, points, c, alike) or _gradient(view, points, c, alike),
        "judged": [[float(np.linalg.norm(part)) for part in (s.gradient, s.update, s.value)] for s in seen],
        "precise": view.tape.dtype_of(view.tape.storage_of(c.region)) in (None, np.dtype(float)),
    }


def _updates(view: StepView, points: _Points, c: Candidate, rounds: list[list[Update]]) -> list[Json]:
    """The updates of a step, one after the other."""
    rows: list[Json] = []
    for together in zip(*rounds, strict=True):
        read = [_update(view, c, u) for u in together]
        kinds = [found.keys() for found, _ in read]
        if any(keys != kinds[0] for keys in kinds):
            raise NotFollowed("its updates differ from step to step")
        made = {kind: points.reading([found[kind] for found, _ in read]) for kind in kinds[0]}
        rows.append({**made, "factor": read[0][1]})
    if len(rows) > 1:
        for row in rows:
            points.rows[row["step"]["point"]]["keep"] = True
    return rows


def _always(view: StepView, points: _Points, c: Candidate, rounds: list[list[Update]]) -> list[Json]:
    """The same where one place updates nothing but this parameter, now more often, now less; else nothing."""
    if {u.site for r in rounds for u in r} != {c.first.site} or max(map(len, rounds)) == 1:
        return []
    read = [[_update(view, c, u) for u in r] for r in rounds]
    for number, updates in enumerate(read):
        here = min(number, len(points.ends) - 1)
        if any(len(points.executions(updates[0][0][kind][3], here)) != len(updates) for kind in ("step", "old")):
            return []
    found, factor = read[0][0]
    made = {kind: points.add(*found[kind][:3]) for kind in found}
    points.rows[made["step"]]["keep"] = True
    row: Json = {kind: {"point": point, "at": None, "factor": 1.0} for kind, point in made.items()}
    return [row | {"factor": factor}]


def _update(view: StepView, c: Candidate, u: Update) -> tuple[dict[str, Found], float]:
    """Where one update is read: ``old`` the parameter before it, ``step`` what is added; and the factor of that."""
    tape = view.tape
    if u.in_place:
        template, inputs, _ = tape.entry(u.entry)
        whole = tape.shape_of(u.old) == tuple(c.shape) and not c.whole
        if template.kind == "inplace" and template.fn in (operator.iadd, operator.isub) and whole:
            sign = 1.0 if template.fn is operator.iadd else -1.0
            found = {"step": ("operand", u.site, 1, u.entry), "old": ("operand", u.site, 0, u.entry)}
            return found, sign * _spread(c, tape.shape_of(inputs[1]))
        role = "write" if whole and template.kind == "inplace" else "write base"
        return {"step": (role, u.site, 0, u.entry), "old": (role + " old", u.site, 0, u.entry)}, 1.0
    if not u.path:
        raise NotFollowed("what is added to it is not seen at one place")
    first, last = u.path[-1], u.path[0]
    template, inputs, _ = tape.entry(first)
    position = next((i for i, code in enumerate(inputs) if tape.storage_of(code) == tape.storage_of(u.old)), -1)
    if position < 0 or template.structure is not None or template.fn not in OPERATORS | IN_PLACE | SUMS:
        raise NotFollowed("what is added to it is not seen at one place")
    old: Found = ("operand", template.site, position, first)
    adds = template.fn in (operator.add, operator.iadd, np.add)
    if len(u.path) == 1 and template.fn in SUMS | IN_PLACE and len(inputs) == 2 and (adds or position == 0):
        factor = _spread(c, tape.shape_of(inputs[1 - position])) * (1.0 if adds else -1.0)
        return {"old": old, "step": ("operand", template.site, 1 - position, first)}, factor
    return {"old": old, "step": ("result", tape.site_of(last), 0, last)}, 1.0


def _spread(c: Candidate, shape: tuple[int, ...]) -> float:
    """The norm of an array that is broadcast to the parameter's shape, by its own norm."""
    return math.sqrt(math.prod(c.shape) / max(1, math.prod(shape)))


def _gradient(view: StepView, points: _Points, c: Candidate, rounds: list[int]) -> Json | None:
    """Where the gradient itself is read, free of the rate; None where it is nowhere by itself."""
    wanted = {number: gradients.analytic(gradients.of(view.made, c, number), c) for number in rounds}
    wanted = {number: value for number, value in wanted.items() if np.any(value)}
    if not wanted:
        return None
    home = min(wanted)
    for found, sign in _readers(view, c, home, wanted[home]):
        others = {number: _same_reader(points, found, number) for number in wanted if number != home}
        if all(o is None or _sign(_read(view, o), wanted[number]) == sign for number, o in others.items()):
            return points.reading([found, *others.values()], sign)
    return None


def _by_rate(view: StepView, points: _Points, c: Candidate, rounds: list[int]) -> Json | None:
    """The rate that the only update of a step is to be divided by, where it is one number that the script reads.

    That costs less than the norm of the gradient. A rate of 1 is left out of the gradient's scale: it is no such rate.
    """
    tape, g, extraction = view.tape, gradients.of(view.made, c, rounds[0]), view.made.extraction
    if g.stateful or g.value is not g.step or len(c.rounds[rounds[0]]) > 1 or extraction is None:
        return None
    rates = [(s, v) for s, v, active in g.factors if not active]
    named = [s for s, _ in rates if s >= 0]
    fixed = math.prod(v for s, v in rates if s < 0)
    if len(named) > 1 or not fixed or not all(map(extraction.rates.is_schedule, named)):
        return None
    if not named:
        return {"rate": None, "factor": 1 / fixed}
    begin = points.begins[points.step_of(c.rounds[rounds[0]][-1].entry)]
    for entry in range(c.rounds[rounds[0]][-1].entry, begin - 1, -1):
        template, inputs, _ = tape.entry(entry)
        if template.fn in SCALES and template.structure is None and named[0] * 4 + SCALAR in inputs:
            position = list(inputs).index(named[0] * 4 + SCALAR)
            return {"rate": points.reading([("operand", template.site, position, entry)]), "factor": 1 / fixed}
    return None


def _readers(view: StepView, c: Candidate, number: int, wanted: np.ndarray) -> Iterator[tuple[Found, float]]:
    """Executions that read the gradient as it is, up to its sign."""
    recording, tape, g = view.made.recording, view.tape, gradients.of(view.made, c, number)
    assert recording is not None
    end = c.rounds[number][-1].entry
    codes = [g.code] if g.stateful else list(_unscaled(view, g.code))
    storages = {tape.storage_of(code) for code in codes}
    for entry in recording.entries:
        if entry > end:
            break
        template, inputs, _ = tape.entry(entry)
        if template.structure is not None or template.fn not in OPERATORS | IN_PLACE | SCALES | SUMS:
            continue
        for position, code in enumerate(inputs):
            if tape.storage_of(code) in storages and code & 3 != CONST:
                found: Found = ("operand", template.site, position, entry)
                if sign := _sign(_read(view, found), wanted):
                    yield found, sign


def _read(view: StepView, found: Found) -> np.ndarray:
    """What an execution read in the judged run."""
    assert view.made.recording is not None
    return np.asarray(view.made.recording.operands(found[3])[0][found[2]], float)


def _unscaled(view: StepView, code: int) -> Iterator[int]:
    """An increment, and what it is before it is multiplied with numbers."""
    tape = view.tape
    for _ in range(MOST_LINKS):
        yield code
        entry = tape.storage_born[tape.storage_of(code)] if code & 3 != CONST else -1
        if entry < 0:
            return
        template, inputs, _ = tape.entry(entry)
        large = [c for c in inputs if c & 3 != CONST and tape.shape_of(c) == tape.shape_of(code)]
        if tape.shape_of(code) == ():
            large = [c for c in large if view.made.window.masks.of(c)]
        if template.fn not in SCALES | SIGNS or len(large) != 1 or any(map(tape.shape_of, {*inputs} - {*large})):
            return
        code = large[0]


def _sign(value: np.ndarray, wanted: np.ndarray) -> float:
    """1 or -1 where the value is the wanted one or minus that, turned or flattened perhaps; else 0."""
    if value.size != wanted.size:
        return 0.0
    turned = value.T if value.ndim == 2 and value.shape[::-1] == wanted.shape != value.shape else value
    flat = np.reshape(turned, wanted.shape)
    size = float(np.linalg.norm(wanted))
    return next((sign for sign in (1.0, -1.0) if np.linalg.norm(wanted - sign * flat) <= SAME * size), 0.0)


def _same_reader(points: _Points, found: Found, number: int) -> Found | None:
    """The execution in another judged step that has the same place in it."""
    if number >= len(points.ends):
        return None
    here = points.executions(found[3], points.step_of(found[3]))
    there = points.executions(found[3], number)
    return (*found[:3], there[here.index(found[3])]) if len(here) == len(there) else None


# activations


def _layers(view: StepView, points: _Points) -> tuple[list[Json], list[str]]:
    """The activation layers, and the places of those whose axis of units is not known."""
    steps = activity.by_step(view)
    rows, unknown = [], []
    names = {id(c): c.name for c in view.made.parameters}
    for key, layer in (steps[0] if steps else {}).items():
        if layer.units is None:
            unknown.append(view.site_of(layer.entry).where)
            continue
        others = [found.get(key) for found in steps]
        executions = [o.entries if o is not None and len(o.entries) == len(layer.entries) else None for o in others]
        readings = []
        for number in range(len(layer.entries)):
            found: list[Found | None] = [
                None if entries is None else ("result", view.tape.site_of(entries[number]), 0, entries[number])
                for entries in executions
            ]
            readings.append(points.reading(found))
        site = view.site_of(layer.entry)
        weight = names.get(key[1])
        kept = Layer(layer.units, *_limits(view, layer))
        rows.append({
            "name": " ".join(site.text.split()) + (f" after {weight}" if weight else ""),
            "file": site.file, "line": site.line,
            "units": kept.units, "low": kept.low, "high": kept.high,
            "readings": readings,
            "judged": [_shares(view, o.entries, kept) for o in others if o is not None],
        })  # fmt: skip
    return rows, unknown


def _limits(view: StepView, layer: activity.Layer) -> tuple[float | None, float | None]:
    fn = view.tape.templates[layer.place].fn
    if layer.rectifies:
        return None, None
    return (0.0, 1.0) if fn in softmaxes.DIVISIONS else (-1.0, 1.0)


def _shares(view: StepView, entries: list[int], layer: Layer) -> list[float | None]:
    """Dead and saturated share in a judged step."""
    recording = view.made.recording
    assert recording is not None
    values = [np.asarray(recording.operands(e)[1]) for e in entries]
    live = np.logical_or.reduce([live_units(v, layer.units) for v in values])
    saturated = [s for v in values if (s := saturated_share(v, layer)) is not None]
    return [dead_share(live), float(np.mean(saturated)) if saturated else None]
