"""What an optimiser makes of gradients, asked by giving it others: two steps are replayed with chosen gradients in the
place of those that the script computed.

The recurrences are those of heavy-ball and Nesterov momentum (Sutskever et al. 2013), AdaGrad (Duchi et al. 2011),
RMSprop (Tieleman and Hinton 2012), Adadelta (Zeiler 2012) and Adam (Kingma and Ba 2015).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ..ops.arithmetic import QUOTIENTS, SUBTRACTIONS
from ..replay.adjoint import Recording
from ..replay.forward import ReplayError
from ..step.candidates import Candidate
from ..step.classify import chain_of, moves
from ..step.flow import backward_slice
from ..step.gradient import Extraction, Gradient
from ..step.idle import idle_buffers
from ..tape import CONST
from .jury import Verdict
from .mend import Mended
from .spot import Again
from .stepview import StepView

LAMBDA = 1024.0
SAME = 1e-9
NEAR = 0.02  # of a power: small constants that guard a division are in it
MOST_LINKS = 200
POWERS = frozenset((operator.pow, np.power, np.float_power))


@dataclass(frozen=True, slots=True)
class Memory:
    """One buffer: ``s = decay * s + weight * gradient**power``, in every entry.

    ``first`` is the weight in the first step, which may be another; ``alone`` says that no other buffer goes into it,
    ``site`` is where it is updated.
    """

    candidate: Candidate
    decay: float
    weight: float
    first: float
    power: int
    alone: bool
    site: int


@dataclass(slots=True)
class Optimiser:
    """How a parameter's step answers to its gradient.

    ``degree``: the step is proportional to the gradient's length to this power; None where it is no power. ``carried``
    is what a gradient gives to the step after its own, relative to what that step's gradient gives; None where steps
    are not linear in the gradient.
    """

    verdict: Verdict
    memories: list[Memory] = field(default_factory=list)
    degree: float | None = None
    carried: float | None = None

    @property
    def update(self) -> int:
        """The site of the update."""
        return self.verdict.candidate.rounds[0][-1].site


@dataclass(frozen=True, slots=True)
class Correction:
    """A buffer divided by ``1 - base**count``, at an entry."""

    entry: int
    base: float
    count: float
    memory: Memory


def optimisers(view: StepView) -> list[Optimiser]:
    """Those of the parameters whose gradients are right and whose steps hold state, in two recorded steps."""
    return _Laboratory(view).ask()


class _Laboratory:
    def __init__(self, view: StepView) -> None:
        self.view = view
        self.tape = view.tape
        self.made = view.made
        self.subjects: list[tuple[Verdict, list[Gradient]]] = []

    def ask(self) -> list[Optimiser]:
        if self.made.window.rounds < 2 or self.made.extraction is None or self.made.recording is None:
            return []
        for v in self.view.verdicts.values():
            found = self._gradients(v) if v.verdict.startswith("right") else None
            if found is not None:
                self.subjects.append((v, found))
        if not self.subjects:
            return []
        rng = np.random.default_rng(0)
        pushes = [rng.uniform(0.5, 1.5, v.candidate.shape) for v, _ in self.subjects]
        pushes = [np.asarray(p * rng.choice((-1.0, 1.0), p.shape)) for p in pushes]
        runs = [self._run(pushes, *factors) for factors in ((0.0, 0.0), (1.0, 0.0), (LAMBDA, 0.0), (0.0, 1.0))]
        known = [run for run in runs if run is not None]
        return [self._answer(i, pushes[i], *known) for i in range(len(self.subjects))] if len(known) == 4 else []

    def _gradients(self, v: Verdict) -> list[Gradient] | None:
        """The gradients of both steps, where each is one whole value that an entry makes."""
        c, ex = v.candidate, self.made.extraction
        if v.match is None or v.match.version.round_ or v.match.version.index or len(c.rounds) < 2 or c.whole:
            return None
        assert ex is not None
        found = [ex.gradient(c, updates) for updates in c.rounds[:2]]
        for g in found:
            sizes = {math.prod(self.tape.shape_of(code)) for code in self.tape.results(g.entry)}
            if not g.stateful or g.doubt or sizes != {math.prod(c.shape)} or g.value.size == 0:
                return None
        return found if found[0].entry != found[1].entry else None

    def _run(self, pushes: list[np.ndarray], one: float, two: float) -> Recording | None:
        """Both steps with the pushes, times a factor each, as gradients."""
        assert self.made.recording is not None
        values: dict[int, np.ndarray | Again] = {}
        for (_, (first, second)), push in zip(self.subjects, pushes, strict=True):
            values[first.entry] = one * push
            values[second.entry] = two * push
        recording = Recording(
            Mended(self.made.recording.replay, values), self.made.window.fork(), self.made.recording.entries
        )
        try:
            recording.run()
        except ReplayError:
            return None
        return recording

    def _steps(self, recording: Recording, c: Candidate) -> list[np.ndarray]:
        ex = self.made.extraction
        assert ex is not None
        other = Extraction(recording, ex.masks, ex.states, ex.state_masks, ex.updates)
        return [np.asarray(other.increments.of_round(c, updates)[0], float) for updates in c.rounds[:2]]

    def _answer(
        self, i: int, push: np.ndarray, rest: Recording, once: Recording, longer: Recording, late: Recording
    ) -> Optimiser:
        c = self.subjects[i][0].candidate
        out = Optimiser(self.subjects[i][0])
        still, steps, far, own = (self._steps(r, c) for r in (rest, once, longer, late))
        first, second, stretched = steps[0] - still[0], steps[1] - still[1], far[0] - still[0]
        with np.errstate(all="ignore"):
            degree = np.log(np.abs(stretched / first)) / np.log(LAMBDA)
            carried = second / (own[1] - still[1])
        if np.all(np.isfinite(degree)) and np.ptp(degree) < NEAR:
            out.degree = float(np.mean(degree))
        if out.degree is not None and np.allclose(stretched, LAMBDA * first, rtol=SAME, atol=0.0):
            out.carried = _constant(carried)
        for s in self.made.states:
            if s.shape == c.shape and len(s.rounds) > 1 and moves(self.tape, s, c):
                memory = self._memory(s, push, (once, longer, late), self.subjects[i][1][1].entry)
                if memory is not None:
                    out.memories.append(memory)
        return out

    def _memory(
        self, s: Candidate, push: np.ndarray, runs: tuple[Recording, Recording, Recording], middle: int
    ) -> Memory | None:
        """The buffer's recurrence, where it began with zeros and is one of an entry's own. ``middle``: an entry of the
        second step.
        """
        (first, second), (far, _), (_, own) = (_after_steps(run, s, middle) for run in runs)
        if any(v is None or v.shape != push.shape for v in (first, second, far, own)):
            return None
        assert first is not None and second is not None and far is not None and own is not None
        with np.errstate(all="ignore"):
            decay = _constant(second / first)
            power = _constant(np.log(far / first) / np.log(LAMBDA))
            weights = [_constant(v / push ** round(power or 0)) for v in (own, first)]
        if decay is None or power is None or abs(power - round(power)) > SAME:
            return None
        weight, begin = weights
        if weight is None or begin is None or not weight:
            return None
        return Memory(s, decay, weight, begin, round(power), self._is_alone(s), s.rounds[0][-1].site)

    def _is_alone(self, s: Candidate) -> bool:
        reached = chain_of(self.tape, [u for r in s.rounds[:2] for u in r], s.shape)
        others = (u for o in self.made.states if o is not s for r in o.rounds[:2] for u in r)
        return not any(self.tape.storage_of(code) in reached for u in others for code in (u.old, u.new))


def _after_steps(recording: Recording, s: Candidate, middle: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """What a buffer holds after the first step and after the second; None where that is not known."""
    before = [u for r in s.rounds for u in r if u.entry < middle]
    behind = next((r[-1] for r in s.rounds if r[-1].entry > middle), None)
    if behind is None:
        return None, None
    first = next(u for r in s.rounds for u in r if u.entry > middle)
    now = _read(recording, first.entry, first.old, first.in_place)
    if not before and first.in_place:  # it was there before, and nothing says how it came about
        return None, None
    later = next((r[0] for r in s.rounds if r[0].entry > behind.entry), None)
    end = later.entry if later is not None else -1
    return now, _read(recording, end, behind.new, behind.in_place and later is not None)


def _read(recording: Recording, entry: int, code: int, saved: bool) -> np.ndarray | None:
    """An operand's value; as an entry read it, where it is written later."""
    if not saved:
        return np.asarray(recording.replay.load(recording.state, code), float)
    codes = list(recording.replay.tape.entry(entry)[1])
    if entry not in recording.saved or code not in codes:
        return None
    return np.asarray(recording.saved[entry][0][codes.index(code)], float)


def _constant(values: np.ndarray) -> float | None:
    """The number that all entries are; None where they differ."""
    if not values.size or not np.all(np.isfinite(values)):
        return None
    mean = float(np.mean(values))
    return mean if np.all(np.abs(values - mean) <= SAME * max(abs(mean), 1.0)) else None


def corrections(view: StepView, o: Optimiser) -> Iterator[Correction]:
    """Where a buffer is divided by one less a power, on the way to the first step."""
    tape = view.tape
    made = {tape.storage_of(m.candidate.rounds[0][-1].new): m for m in o.memories}
    updates = o.verdict.candidate.rounds[0]
    reached = chain_of(tape, updates, o.verdict.candidate.shape)
    for storage in reached:
        entry = tape.storage_born[storage]
        if entry < 0 or tape.entry(entry)[0].fn not in QUOTIENTS or len(tape.entry(entry)[1]) != 2:
            continue
        inputs = tape.entry(entry)[1]
        memory = made.get(tape.storage_of(inputs[0])) if inputs[0] & 3 != CONST else None
        power = _one_less_power(view, inputs[1]) if memory is not None else None
        if memory is not None and power is not None:
            yield Correction(entry, *power, memory)


def _one_less_power(view: StepView, code: int) -> tuple[float, float] | None:
    """Base and exponent of ``1 - base**exponent``."""
    left, right = _operands(view, code, SUBTRACTIONS)
    if left is None or right is None or _number(view, left) != 1.0:
        return None
    base, exponent = _operands(view, right, POWERS)
    if base is None or exponent is None:
        return None
    found = (_number(view, base), _number(view, exponent))
    return (found[0], found[1]) if found[0] is not None and found[1] is not None else None


def _operands(view: StepView, code: int, functions: frozenset[object]) -> tuple[int | None, int | None]:
    entry = view.tape.storage_born[view.tape.storage_of(code)] if code & 3 != CONST else -1
    if entry < 0:
        return None, None
    template, inputs, _ = view.tape.entry(entry)
    return (inputs[0], inputs[1]) if template.fn in functions and len(inputs) == 2 else (None, None)


def _number(view: StepView, code: int) -> float | None:
    recording = view.made.recording
    assert recording is not None
    value = recording.replay.load(recording.state, code)
    return float(value) if np.ndim(value) == 0 and isinstance(value, int | float | np.number) else None


@dataclass(frozen=True, slots=True)
class Foreign:
    """A parameter whose step holds the gradient of another: ``entry`` reads the buffer that brings it in.

    ``alias`` is the site where a buffer of both was given its names, -1 where each has one of its own.
    """

    verdict: Verdict
    other: Verdict
    entry: int
    alias: int


def foreign(view: StepView) -> Iterator[Foreign]:
    """Steps that depend, entry by entry, on the gradient of another parameter, by way of a buffer."""
    tape = view.tape
    right = [v for v in view.verdicts.values() if v.verdict.startswith("right") and v.match is not None]
    buffers = {id(v): _buffers(view, v.candidate) for v in right}
    for v in view.verdicts.values():
        c = v.candidate
        if len(c.rounds) < 2 or c.shape == () or v.verdict == "wrong":
            continue
        reached = _elementwise(view, c)
        own = {tape.storage_of(v.match.gradient.code)} if v.match is not None else set()
        for other in right:
            assert other.match is not None
            g = tape.storage_of(other.match.gradient.code)
            if other is not v and other.candidate.shape == c.shape and g in reached and g not in own:
                through = {e: s for s, e in reached.items() if s in buffers[id(other)]}
                if through and not _is_shared(view, v, other):
                    entry = min(through)
                    buffer = through[entry]
                    yield Foreign(v, other, entry, view.named.get(buffer, -1) if _aliased(view, buffer) else -1)


def _buffers(view: StepView, c: Candidate) -> set[int]:
    """The storages of the state that drives a parameter, in its first step."""
    found = (s for s in view.made.states if s.shape == c.shape and moves(view.tape, s, c))
    return {view.tape.storage_of(u.new) for s in found for u in s.rounds[0]}


def _elementwise(view: StepView, c: Candidate) -> dict[int, int]:
    """Storages that the first step's increments are made from entry by entry, also through writes into buffers, with
    the entry that read each.
    """
    tape = view.tape
    u = c.rounds[0][-1]
    begin = c.step.entry if c.step is not None else view.made.window.begin
    targets = {tape.storage_of(code) for u in c.rounds[0] for code in u.increments if code & 3 != CONST}
    entries = backward_slice(tape, targets, u.entry + 1, begin, view.made.window.barriers)
    found = dict.fromkeys(targets, u.entry)
    for e in reversed(entries[-MOST_LINKS:]):
        template, inputs, _ = tape.entry(e)
        if not (template.elementwise or template.kind in ("inplace", "store")) or not tape.made(e) & found.keys():
            continue
        for code in inputs:
            if code & 3 != CONST and tape.shape_of(code) == c.shape:
                found.setdefault(tape.storage_of(code), e)
    return found


def _aliased(view: StepView, storage: int) -> bool:
    """Whether one buffer is updated at several places of one step."""
    tape = view.tape
    first = [u for s in view.made.states for u in s.rounds[0] if u.in_place and tape.storage_of(u.new) == storage]
    return len({u.entry for u in first}) > 1


def _is_shared(view: StepView, one: Verdict, other: Verdict) -> bool:
    """Whether two candidates are one array under two names."""
    regions = {view.tape.storage_of(u.old) for r in one.candidate.rounds for u in r}
    return any(view.tape.storage_of(u.old) in regions for r in other.candidate.rounds for u in r)


@dataclass(frozen=True, slots=True)
class Idle:
    """A buffer of zeros that the steps read and that nothing is stored in. ``fresh``: made anew in every step."""

    verdict: Verdict
    entry: int
    fresh: bool


def idle(view: StepView) -> Iterator[Idle]:
    """Buffers of zeros, times a decay, that are zeros in the second step again."""
    recording = view.made.recording
    for v in view.verdicts.values() if recording is not None and view.made.window.rounds > 1 else ():
        assert recording is not None
        for entry, storage in idle_buffers(view.tape, recording, v.candidate):
            fresh = v.candidate.step is not None and view.tape.storage_born[storage] >= v.candidate.step.entry
            yield Idle(v, entry, fresh)
