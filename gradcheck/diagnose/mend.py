"""Mistakes named by mending them: a supposition about one place counts only if it makes gradients exact.

A rule supposes what was meant at a place. What it would have computed is put in the place of what was computed, the
backward pass is replayed from there, and the gradients are compared again. Several independent mistakes come out one
after the other: what is mended stays mended while the next one is looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from ..replay.adjoint import Recording
from ..replay.forward import Replay, ReplayError, State
from ..step.compare import compare, oriented
from ..step.gradient import Extraction
from ..step.trials import Judgement, Match, Trial
from ..tape import CONST, Tape
from . import departure, scales
from .code import Code
from .departure import Departure
from .jury import Verdict
from .spot import Again, Goal, Mend, Spot
from .stepview import Mistake, StepView
from .walk import Trace, Walk, onward, walk_of

Supposition = Callable[[Spot], Iterator[Mend]]

MOST_ROUNDS = 6
MOST_ATTEMPTS = 240
MOST_WORK = 4_000_000  # entries replayed in all attempts
MOST_SPOTS = 6
MOST_FACTORS = 400
MOST_ENTRIES = 120_000


@dataclass(slots=True)
class _Try:
    mend: Mend
    spot: Spot
    fixed: list[tuple[Verdict, Match]]  # with the gradient as it is then
    fits: bool  # whether the gradients have the others' scale

    @property
    def rank(self) -> tuple[int, bool]:
        """What makes one better than another."""
        return len(self.fixed), self.fits

    @property
    def verdicts(self) -> list[Verdict]:
        return [v for v, _ in self.fixed]


@dataclass(slots=True)
class Search:
    """The search for the mistakes behind the wrong gradients of one trial."""

    view: StepView
    trial: Trial
    suppositions: list[Supposition]
    found: list[Mistake] = field(default_factory=list)
    left: list[Verdict] = field(default_factory=list)
    scaled: list[Verdict] = field(default_factory=list)  # what is exact once mended, but for a factor of its own
    mended: dict[int, np.ndarray | Again] = field(default_factory=dict)
    attempts: int = 0
    code: Code = field(default_factory=Code)

    def run(self, wrong: list[Verdict]) -> None:
        """Look for mistakes until all gradients are explained or nothing explains what is left."""
        self.search(walk_of(self.tape, self.made, self.trial), wrong)

    def search(self, walk: Walk, wrong: list[Verdict]) -> None:
        """The same along a given walk."""
        recording: Recording | None = self.trial.recording
        for _ in range(MOST_ROUNDS):
            if not wrong or recording is None:
                break
            best = self._best(walk, recording, wrong)
            if best is None:
                break
            self._take(best)
            wrong = [v for v in wrong if v not in best.verdicts]
            recording = self.replayed({})
            if recording is not None and best.mend.gradient is None:  # else the scale is not known
                self.scaled += self._other_scales(best, recording)
        self.left = wrong

    def _other_scales(self, best: _Try, recording: Recording) -> list[Verdict]:
        """Verdicts on gradients that are exact now at another scale than those that were right from the beginning."""
        reference = scales.reference(self._right())
        if reference is None or not reference.unit:
            return []
        trial = replace(self.trial, recording=recording)
        unknown = _unknown_factors(best)
        found = []
        for v, m in best.fixed:
            excess = (m.unit or 0.0) / reference.unit
            if any(abs(excess / f - 1) < scales.SAME for f in unknown):
                continue
            if m.unit and not scales.consistent(m, reference):
                opposite = scales.opposite(m, reference)
                found.append(
                    Verdict(
                        v.candidate, m, trial, "wrong",
                        scale=abs(m.unit), shared=abs(reference.unit), direction=v.direction, opposite=opposite,
                    )
                )  # fmt: skip
        return found

    @property
    def tape(self) -> Tape:
        """The tape of the run."""
        return self.view.tape

    @property
    def made(self) -> Judgement:
        """The judgement that is being explained."""
        return self.view.made

    def _take(self, best: _Try) -> None:
        best.mend.goal = _goal(best, self.trial.recording, first=not self.mended)
        self.mended.update(zip(best.mend.entries, best.mend.values, strict=True))
        known = next((m for m in self.found if m.mend and self._same_mistake(m.mend, best.mend)), None)
        if known is None:
            self.found.append(Mistake(best.mend.place, best.verdicts, mend=best.mend))
        else:
            known.verdicts += best.verdicts

    def _same_mistake(self, one: Mend, other: Mend) -> bool:
        return (one.slug, one.place) == (other.slug, other.place)

    def _best(self, walk: Walk, recording: Recording, wrong: list[Verdict]) -> _Try | None:
        """The supposition that makes the most gradients exact; the first among equals."""
        best: _Try | None = None
        for spot in self._spots(walk, recording, wrong):
            for mend in self._supposed(spot):
                if self.attempts >= min(MOST_ATTEMPTS, MOST_WORK // len(self.trial.recording.entries)):
                    return best
                self.attempts += 1
                fixed = self._fixed(mend, wrong)
                found = _Try(mend, spot, fixed, bool(fixed) and self._fits(fixed))
                if fixed and (best is None or found.rank > best.rank):
                    best = found
                    if len(fixed) == len(wrong) and best.fits:
                        return best
        return best

    def _fits(self, fixed: list[tuple[Verdict, Match]]) -> bool:
        """Whether gradients have the scale of those that were right from the beginning."""
        reference = scales.reference(self._right())
        return reference is None or all(scales.consistent(m, reference) for _, m in fixed)

    def _right(self) -> list[Match]:
        right = [v.match for v in self.view.verdicts.values() if v.verdict.startswith("right") and v.match is not None]
        return [m for m in right if m.truth.size > 1]  # a single number is a multiple of anything

    def _supposed(self, spot: Spot) -> Iterator[Mend]:
        for suppose in self.suppositions:
            with np.errstate(all="ignore"):
                yield from suppose(spot)

    def _spots(self, walk: Walk, recording: Recording, wrong: list[Verdict]) -> Iterable[Spot]:
        """Places to look at: where gradients depart, what follows there, and the right values that went in."""
        seen: set[tuple[int, ...]] = set()
        spots: list[Spot] = []
        for v, d in self.departures(walk, recording, wrong):
            assert d.trace is not None
            chain = list(onward(d.trace, d.entry))[:MOST_SPOTS]
            for entry in (*chain, *self._assembled(d.trace, d.entry), *d.sources):
                for entries in ((entry,), self._alike(d, entry)):
                    if entries and entries not in seen:
                        seen.add(entries)
                        spots.append(self._spot(walk, recording, d.trace, entries, v, entry))
        return sorted(spots, key=lambda s: len(s.entries) > 1)

    def _spot(
        self, walk: Walk, recording: Recording, trace: Trace, entries: tuple[int, ...], v: Verdict, origin: int
    ) -> Spot:
        return Spot(walk, recording, trace, entries, [v], self.view.sources.sites, self.code, origin)

    def departures(self, walk: Walk, recording: Recording, wrong: list[Verdict]) -> Iterable[tuple[Verdict, Departure]]:
        """Where the gradients leave the truth, as the step is with what is mended."""
        for v in wrong:
            found = departure.first(walk, v.match, recording) if v.match is not None else None
            if found is not None and found.entry >= 0:
                yield v, found

    def _assembled(self, trace: Trace, entry: int) -> list[int]:
        """The first entry that reads an array which this one and others write into; none where it writes nothing."""
        if not self.tape.entry(entry)[0].writes:
            return []
        readers = (e for e in trace.after[entry] if not self.tape.entry(e)[0].writes)
        return list(islice(readers, 1))

    def _alike(self, d: Departure, entry: int) -> tuple[int, ...]:
        """All executions of a place, where there are several."""
        assert d.trace is not None
        same = self.tape.entry_template[entry]
        found = tuple(e for e in d.trace.path if self.tape.entry_template[e] == same)
        return found if len(found) > 1 else ()

    def _fixed(self, mend: Mend, wrong: list[Verdict]) -> list[tuple[Verdict, Match]]:
        """The gradients that become exact with the mend in place."""
        if mend.gradient is not None:
            return [(v, m) for v in wrong if (m := _as_meant(v, mend.gradient)) is not None]
        recording = self.replayed(dict(zip(mend.entries, mend.values, strict=True)))
        return [] if recording is None else self.exact(recording, wrong)

    def exact(self, recording: Recording, wrong: list[Verdict]) -> list[tuple[Verdict, Match]]:
        """The gradients that are exact in a recording, with what they are there."""
        ex = self.made.extraction
        assert ex is not None
        extraction = Extraction(recording, ex.masks, ex.states, ex.state_masks, ex.updates)
        fixed = []
        for v in wrong:
            m = v.match
            assert m is not None
            try:
                g = extraction.gradient(
                    m.version.candidate, m.version.candidate.rounds[m.version.round_][m.version.index :]
                )
            except (ReplayError, ValueError):
                continue
            if g.value.size == m.truth.size:
                found = compare(oriented(g.value, m.truth), m.truth, m.bound, g.noise)
                if found.exact:
                    fixed.append((v, replace(m, gradient=g, comparison=found)))
        return fixed

    def replayed(self, values: dict[int, np.ndarray | Again]) -> Recording | None:
        """The step replayed with what is mended, and ``values``, in place of what these entries made."""
        entries = self.trial.recording.entries
        if len(entries) > MOST_ENTRIES:
            return None
        window = self.made.window
        replay = Mended(self.trial.recording.replay, {**self.mended, **values})
        made = Recording(replay, window.fork(), entries)
        try:
            made.run()
        except ReplayError:
            return None
        return made


def _goal(best: _Try, original: Recording, *, first: bool) -> Goal | None:
    """The goal of a mend, as the script would reach it with nothing else mended; None where its place is another than
    the one whose value it changes, and where what is right depends on an earlier mend.
    """
    mend, spot = best.mend, best.spot
    number = mend.entries.index(spot.origin) if spot.origin in mend.entries else 0
    entry = spot.origin if mend.gradient is not None else mend.entries[number]
    value = mend.gradient if mend.gradient is not None else mend.values[number]
    if not callable(value) and not first:
        return None
    wanted = np.asarray(value(original.operands(entry)[0]) if callable(value) else value)
    got = spot.walk.value(entry, original)
    if spot.tape.site_of(entry) != mend.place or got is None or wanted.dtype.kind not in "fiub":
        return None
    return np.asarray(got, float), np.asarray(wanted, float)


def _unknown_factors(best: _Try) -> set[float]:
    """Factors by which what was put in may be off, because adjoints are known up to the multiples that the forward
    pass itself makes (of z, -z, 2 z).
    """
    walk = best.spot.walk
    known = [v for v in best.mend.values if isinstance(v, np.ndarray)]
    alike = len({v.shape for v in known}) == 1 and len(known) > 1
    together = [np.stack(known)] if alike else known
    found = {1.0}
    for value in (*(i.value for i in best.spot.incoming()), best.spot.value, *together):
        units = walk.scales(value) if value is not None else set()
        found = {f * a / b for f in found for a in units or (1.0,) for b in units or (1.0,)}
        found = set(list(found)[:MOST_FACTORS])
    return found


def _as_meant(v: Verdict, gradient: np.ndarray) -> Match | None:
    """The match with what was meant for a gradient; None where that is not exact."""
    m = v.match
    if m is None or m.truth.size != gradient.size:
        return None
    found = compare(oriented(gradient, m.truth), m.truth, m.bound)
    return replace(m, comparison=found) if found.agreement == "exact" else None


class Mended(Replay):
    """A replay in which some entries make other values."""

    def __init__(self, base: Replay, values: dict[int, np.ndarray | Again]) -> None:
        super().__init__(base.tape, base.promote)
        self.replaced = base.replaced
        self.values = values
        self.watch = self._put if values else None

    def _put(self, number: int, state: State) -> None:
        value = self.values.get(number)
        if value is None:
            return
        template, inputs, outputs = self.tape.entry(number)
        if callable(value):
            value = value([self.load(state, c) for c in inputs])
            if value is None:
                raise ReplayError(number, "what was meant here cannot be computed")
            value = np.asarray(value)
        codes = [c for c in outputs if c & 3 != CONST]
        if codes:
            shape = self.tape.shape_of(codes[0])
            if value.size != np.prod(shape):
                raise ReplayError(number, "what was meant here has another size")
            self._result(state, codes[0], np.reshape(value, shape) if shape else value.item())
        else:
            region = self.load(state, inputs[template.writes[0]])
            region[...] = np.reshape(value, region.shape)
