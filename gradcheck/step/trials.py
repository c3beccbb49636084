"""Hypotheses that were evaluated, and which of them are accepted."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..ops.arithmetic import SCALES
from ..record.loops import Activation
from ..replay.adjoint import Recording, Sweep
from ..replay.forward import ReplayError
from ..tape import CONST, Tape
from .candidates import Candidate
from .compare import Comparison, compare, oriented
from .flow import backward_slice
from .gradient import Extraction, Gradient
from .heads import Head
from .hypotheses import Hypothesis, Seeds
from .rows import Rows
from .widened import Widened
from .window import Version, Window

FEWEST_NUMBERS = 3
FEWEST_SHARED = 2  # parameters that a further loss must explain where it does not explain all that it reaches
SAME_UNIT = 1e-8
PASSES = frozenset((operator.add, np.add, float, np.float64, np.squeeze, np.ndarray.item, np.asarray, operator.pos))


@dataclass(slots=True)
class Match:
    """One parameter under one hypothesis."""

    version: Version
    gradient: Gradient
    comparison: Comparison
    truth: np.ndarray
    bound: np.ndarray
    blocked: list[str] = field(default_factory=list)

    @property
    def unit(self) -> float | None:
        """The scale freed of the learning rate; None for a zero gradient."""
        k = self.comparison.scale
        return None if k is None or not self.gradient.rate else k / self.gradient.rate

    @property
    def exact(self) -> bool:
        """Whether the gradient is a multiple of the truth within rounding, or both are zero."""
        return self.comparison.exact


@dataclass(slots=True)
class Trial:
    """A hypothesis evaluated: how each parameter that it depends on compares."""

    hypothesis: Hypothesis
    kind: str
    seeds: Seeds
    matches: list[Match]
    sweep: Sweep
    recording: Recording
    identified: bool = False
    witness: str = ""
    head: Head | None = None

    @property
    def matched(self) -> set[int]:
        """Ids of the candidates whose gradient agrees."""
        return {id(m.version.candidate) for m in self.matches if m.exact}

    @property
    def decayed(self) -> bool:
        """Whether some gradient agrees only without a decay: with its penalty in, another scalar may be the loss."""
        return any(m.gradient.decay for m in self.matches if m.exact)

    @property
    def plain(self) -> bool:
        """Whether the gradients are a plain number (a mean, a factor of 2) times those of a standard loss: with one
        number at the output all standard losses have the same direction, and only one of them a constant scale.
        """
        units = [abs(m.unit) for m in self.matches if m.exact and m.unit]
        return self.head is None or all(min(abs(x - round(x)) for x in (2 * u, 2 / u)) < SAME_UNIT for u in units)

    @property
    def full(self) -> bool:
        """Whether every parameter of the hypothesis agrees."""
        return bool(self.matches) and all(m.exact for m in self.matches)


@dataclass(frozen=True, slots=True)
class Weight:
    """``value`` is the loss's derivative by the terms that it adds up over the rows, where that is one number for
    all of them, ``terms`` how many they are (None: one a row).
    """

    value: float
    terms: int | None


@dataclass(slots=True)
class Judgement:
    """What is known of one training."""

    activation: Activation | None
    window: Window
    parameters: list[Candidate]
    states: list[Candidate]
    others: list[Candidate]
    trials: list[Trial] = field(default_factory=list)  # those that were accepted, the main one first
    considered: list[Trial] = field(default_factory=list)
    own: bool = False
    later: list[Trial] = field(default_factory=list)  # the accepted hypotheses one step later
    elsewhere: dict[tuple[int, int], tuple[Trial, Match]] = field(
        default_factory=dict
    )  # ids of trial and candidate -> both at another point, where the gradient is off
    certificates: dict[int, float] = field(default_factory=dict)  # id of candidate -> gap to the central difference
    summed: int | None = None  # how many rows the first accepted hypothesis adds up
    rows: Rows | None = None  # the rows of the data set that each step trains on
    lost: str = ""  # why the rows were not followed
    wanted: list[int] = field(default_factory=list)  # storages of the scalars that may be the loss
    path: set[int] = field(default_factory=set)  # entries that the increments depend on
    recording: Recording | None = None
    extraction: Extraction | None = None
    rounded: list[Recording] | None = None  # the recording under other roundings of every operation
    fault: str = ""
    asked: bool = False  # whether the user names the loss
    missing: str = ""  # why the loss that the user names is not there
    grown: list[Widened] = field(default_factory=list)  # parameters whose size a step changed
    kept: dict[Any, Any] = field(default_factory=dict)  # what later stages compute once

    @property
    def batch_size(self) -> int | None:
        """How many samples a step sums over; None where that is not known."""
        if self.summed is not None:
            return self.summed
        chain = self.rows.first if self.rows is not None else None
        return None if chain is None else len(chain.origin.ids)

    def loss_site(self, trial: Trial, tape: Tape) -> int:
        """The place where the scalar is computed: up through accumulators, copies and what only scales them."""
        entry = self.loss_code(trial, tape)[1]
        return trial.hypothesis.site if entry < 0 else tape.site_of(entry)

    def loss_code(self, trial: Trial, tape: Tape) -> tuple[int, int]:
        """Operand code and entry of the scalar behind accumulators and copies; entry -1 when there is no single one."""
        code, found = trial.hypothesis.codes[-1], -1
        if trial.hypothesis.source != "own" or len(trial.hypothesis.codes) > 1:
            return code, found
        summed = self._accumulated(code, tape)
        for _ in range(8):
            entry = tape.storage_born[tape.storage_of(code)]
            if entry < 0:
                break
            template, inputs, _ = tape.entry(entry)
            active = [c for c in inputs if self.window.masks.of(c)]
            if len(active) != 1 or tape.shape_of(active[0]) != ():
                break
            if template.fn in (operator.sub, np.subtract) and self._recent(tape, inputs, active[0]):
                code, found = active[0], tape.storage_born[tape.storage_of(active[0])]
                continue
            summed = summed or (template.fn in (operator.add, np.add) and len(inputs) == 2)
            passes = template.fn in PASSES or (summed and template.fn in SCALES)
            onward = tape.storage_born[tape.storage_of(active[0])]
            if not passes or onward < 0:
                break
            code, found = active[0], onward
        return code, found

    def _accumulated(self, code: int, tape: Tape) -> bool:
        """Whether a scalar is added to a running sum over steps."""
        entry = tape.storage_born[tape.storage_of(code)]
        own = sum(self.window.bit(v) for v in self.window.versions if v.candidate in self.parameters)
        for number in range(entry + 1, min(entry + 12, len(tape))):
            template, inputs, _ = tape.entry(number)
            if template.fn is operator.add and code in inputs and len(inputs) == 2:
                mask = self.window.masks.entry_masks.get(number, 0)
                return not self.window.compatible(mask, 0) or not all(self.window.masks.of(c) & own for c in inputs)
        return False

    def _recent(self, tape: Tape, inputs: Any, active: int) -> bool:
        """Whether the other operand of a difference is a value of an earlier step (a test of convergence)."""
        other = [c for c in inputs if c != active and c & 3 != CONST]
        return bool(other) and tape.storage_born[tape.storage_of(other[0])] >= 0 and tape.shape_of(other[0]) == ()


@dataclass(slots=True)
class Family:
    """The same hypothesis in several passes: one place of the source, one kind."""

    trials: list[Trial]

    @property
    def head(self) -> Trial:
        """The earliest trial."""
        return min(self.trials, key=lambda t: t.hypothesis.last)

    @property
    def matched(self) -> set[int]:
        """Ids of the candidates that agree in every trial that reaches them."""
        wrong = {id(m.version.candidate) for t in self.trials for m in t.matches if not m.exact}
        return {c for t in self.trials for c in t.matched} - wrong

    @property
    def identified(self) -> bool:
        """A witness in some trial; for a few numbers only, all of them in agreement at one scale."""
        if any(t.identified for t in self.trials):
            return True
        found = [m for t in self.trials for m in t.matches]
        if any(t.hypothesis.on_path for t in self.trials) or not all(m.exact and m.truth.size <= 3 for m in found):
            return False
        return (
            sum(m.truth.size for m in found if m.comparison.scale) >= FEWEST_NUMBERS
            and len(found) > 1
            and one_scale(found)
        )

    @property
    def decayed(self) -> bool:
        """Whether a trial is."""
        return any(t.decayed for t in self.trials)

    @property
    def plausible(self) -> bool:
        """A few numbers that agree at one scale in each step, though the scale changes from step to step."""
        found = [m for t in self.trials for m in t.matches]
        if any(t.hypothesis.on_path for t in self.trials) or not all(m.exact and m.truth.size <= 3 for m in found):
            return False
        enough = all(sum(m.truth.size for m in t.matches if m.comparison.scale) > 1 for t in self.trials)
        return bool(found) and enough and all(_one([m.comparison.scale for m in t.matches]) for t in self.trials)


def one_scale(found: list[Match]) -> bool:
    """Whether gradients are the true ones times one number."""
    return _one([m.comparison.scale for m in found]) or _one([m.unit for m in found])


def before(made: Judgement, v: Version) -> Any:
    """A parameter's value that its update starts from. Raises `ReplayError` where that was not recorded."""
    assert made.recording is not None
    tape, u = made.window.tape, v.update
    if u.in_place and u.path and tape.entry(u.entry)[0].kind == "store":  # what is stored over was read before
        return made.recording.replay.load(made.recording.state, tape.entry(u.path[-1])[2][0])
    if u.in_place:
        return made.recording.operands(u.entry)[0][0]
    return made.recording.replay.load(made.recording.state, v.update.old)


def _one(scales: list[float | None]) -> bool:
    """Whether all scales (zero gradients have none) are one number."""
    known = [s for s in scales if s]
    return bool(known) and all(abs(s / known[0] - 1) < SAME_UNIT for s in known)


def kin(t: Trial) -> tuple[Any, ...]:
    """What trials of one loss in several passes share: place, kind, treatment; and the binding, where it was carried
    over.
    """
    h = t.hypothesis
    weighted = t.head is not None and bool(t.head.weights)
    return h.site, t.kind, h.label, bool(h.guards), h.codes[0] if h.tail else -1, h.given, weighted


def families(trials: list[Trial]) -> list[Family]:
    """Trials gathered by place, kind and treatment, in the order in which they were tried. What was carried over to the
    step in several ways is a family each.
    """
    found: dict[Any, Family] = {}
    for t in trials:
        found.setdefault(kin(t), Family([])).trials.append(t)
    return list(found.values())


def choose(tape: Tape, made: Judgement, trials: list[Trial]) -> list[Trial]:
    """The accepted hypotheses: the first identified family, unless a later one that is no part of it explains more."""
    identified = [f for f in families(trials) if f.identified] or [f for f in families(trials) if f.plausible]
    if made.own:  # a loss of the script's own is never traded for a standard one that explains less than everything
        wanted = {id(p) for p in made.parameters}
        identified = [f for f in identified if f.head.hypothesis.source == "own" or wanted <= f.matched]
    if not identified:
        return []
    identified.sort(key=lambda f: (f.decayed, not f.head.plain))
    main = identified[0]
    wanted = {id(p) for p in made.parameters}
    for f in identified[1:]:
        more = f.matched > main.matched or (wanted <= f.matched and not wanted <= main.matched)
        more = more or _is_nearer(tape, made, f, main)
        if more and not is_part(tape, made, f.head, main.head):
            main = f
    accepted = [main]
    missing = wanted - main.matched
    for f in identified:
        own = {id(m.version.candidate) for t in f.trials for m in t.matches} & missing
        standard = f.head.hypothesis.source != "own"  # two standard losses on one output are two readings of it
        explained = own <= f.matched or len(own & f.matched) >= FEWEST_SHARED
        if f is not main and not standard and own and explained and not is_part(tape, made, f.head, main.head):
            accepted.append(f)
            missing -= f.matched
    accepted.sort(key=lambda f: min(m.version.update.number for m in f.head.matches if m.exact or f is main))
    return [t for f in accepted for t in sorted(f.trials, key=lambda t: t.hypothesis.last)]


def _is_nearer(tape: Tape, made: Judgement, f: Family, main: Family) -> bool:
    """Of two standard losses of one output that explain as many gradients: whether this one explains the layer next to
    the output, and the other does not. A mistake on the way back spoils what lies below it.
    """
    head = main.head.hypothesis
    if head.source == "own" or f.head.hypothesis.source == "own" or head.site != f.head.hypothesis.site:
        return False
    if len(f.matched) != len(main.matched):
        return False
    read: dict[int, int] = {}
    versions = {tape.storage_of(m.version.code): id(m.version.candidate) for m in main.head.matches}
    for number in backward_slice(tape, {tape.storage_of(c) for c in head.codes}, head.last, made.window.begin):
        for storage in {tape.storage_of(c) for c in tape.entry(number)[1] if c & 3 != CONST} & versions.keys():
            read[versions[storage]] = max(number, read.get(versions[storage], 0))
    last = max(read, key=lambda c: read[c], default=0)
    return last in f.matched and last not in main.matched


def is_part(tape: Tape, made: Judgement, part: Trial, whole: Trial) -> bool:
    """Whether one loss is a term of the other: its scalar feeds it. Guards taken out do not count."""
    if part.hypothesis.guards or part.hypothesis.source != "own":
        return False
    if same_derivative(part, whole):
        return False
    targets = {tape.storage_of(c) for c in whole.hypothesis.codes}
    inside = set(backward_slice(tape, targets, whole.hypothesis.last, made.window.begin, made.window.barriers))
    if part.hypothesis.tail and whole.hypothesis.tail:  # each was carried over by itself
        feeds = part.hypothesis.site in {tape.site_of(e) for e in inside}
    else:
        feeds = bool(set(part.hypothesis.entries) & inside)
    return feeds and part.hypothesis.site != whole.hypothesis.site


def same_derivative(one: Trial, other: Trial) -> bool:
    """Whether two scalars have the same derivative up to a factor: a running sum and its term."""
    truths = {id(m.version.candidate): m.truth for m in other.matches}
    common = [(m.truth, truths[id(m.version.candidate)]) for m in one.matches if id(m.version.candidate) in truths]
    if len(common) < len(truths):
        return False
    u = np.concatenate([np.ravel(a) for a, _ in common])
    t = np.concatenate([np.ravel(b) for _, b in common])
    return compare(u, t).exact


def settle_zeros(matches: list[Match]) -> None:
    """Judge zero gradients at the scale of the others."""
    scales = [abs(m.comparison.scale) for m in matches if m.comparison.agreement == "exact" and m.comparison.scale]
    if not scales:
        return
    for m in matches:
        if m.comparison.scale is None:
            m.comparison = compare(oriented(m.gradient.value, m.truth), m.truth, m.bound, m.gradient.noise, max(scales))
            if m.comparison.agreement == "off" and m.gradient.stateful and np.any(m.truth):
                m.comparison = replace(m.comparison, agreement="zero")


def multiple_of_itself(m: Match, made: Judgement) -> bool:
    """Constant, or a multiple of the parameter's own value."""
    t = m.truth.ravel()
    if np.allclose(t, t[0], rtol=1e-9, atol=0.0):
        return True
    assert made.recording is not None
    try:
        w = np.asarray(made.recording.replay.load(made.window.base, m.version.code), float).ravel()
    except ReplayError:
        return False
    return w.size == t.size and bool(np.any(w)) and compare(t, w).exact
