"""From a recorded training to its loss, its parameters and how each gradient compares with the truth."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..record.events import Update
from ..record.functions import Call
from ..record.loops import Activation, Pass
from ..replay.adjoint import Recording, Sweep
from ..replay.forward import ReplayError
from ..tape import CONST, Tape
from . import candidates as candidates_
from . import heads, hypotheses, probe, transplant
from .candidates import Candidate
from .compare import Comparison, compare, oriented
from .flow import Masks, backward_slice
from .gradient import Extraction, Gradient
from .hypotheses import Hypothesis
from .window import Version, Window

Seeds = list[tuple[int, int, Any]]
FEWEST_NUMBERS = 3
MOST_LINKS = 80
SAME_UNIT = 1e-8
SCALES = frozenset((operator.mul, operator.truediv, np.multiply, np.divide))
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
    head: heads.Head | None = None

    @property
    def matched(self) -> set[int]:
        """Ids of the candidates whose gradient agrees."""
        return {id(m.version.candidate) for m in self.matches if m.exact}

    @property
    def full(self) -> bool:
        """Whether every parameter of the hypothesis agrees."""
        return bool(self.matches) and all(m.exact for m in self.matches)


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
    elsewhere: dict[int, Match] = field(default_factory=dict)  # id of candidate -> match at another point, where it is off
    certificates: dict[int, float] = field(default_factory=dict)  # id of candidate -> gap to the central difference
    batch_size: int | None = None
    wanted: list[int] = field(default_factory=list)  # storages of the scalars that may be the loss
    path: set[int] = field(default_factory=set)  # entries that the increments depend on
    recording: Recording | None = None
    extraction: Extraction | None = None
    fault: str = ""

    def loss_site(self, trial: Trial, tape: Tape) -> int:
        """The place where the scalar is computed: up through accumulators, copies and what only scales them."""
        entry = self.loss_code(trial, tape)[1]
        return trial.hypothesis.site if entry < 0 else tape.templates[tape.entry_template[entry]].site

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
        for number in range(entry + 1, min(entry + 12, len(tape))):
            template, inputs, _ = tape.entry(number)
            if template.fn is operator.add and code in inputs and len(inputs) == 2:
                mask = self.window.masks.entry_masks.get(number, 0)
                return not self.window.compatible(mask, 0) or not all(self.window.masks.of(c) for c in inputs)
        return False

    def _recent(self, tape: Tape, inputs: Any, active: int) -> bool:
        """Whether the other operand of a difference is a value of an earlier step (a test of convergence)."""
        other = [c for c in inputs if c != active and c & 3 != CONST]
        return bool(other) and tape.storage_born[tape.storage_of(other[0])] >= 0 and tape.shape_of(other[0]) == ()


class Judge:
    """Finds loss and parameters of one training on a finished tape."""

    def __init__(self, tape: Tape, updates: list[Update], calls: dict[int, list[Call]]) -> None:
        self.tape = tape
        self.updates = updates
        self.calls = calls

    def judge(self, activation: Activation | None) -> Judgement | None:
        """The judgement of one training loop (None: the whole script); None when nothing is updated in it."""
        found = candidates_.find(self.tape, self.updates, activation)
        if not found:
            return None
        parameters, states, others = self._classify(found)
        if not parameters:
            return None
        others = [c for c in others if self._in_step(c, parameters)]
        window = Window(self.tape, [*parameters, *states, *others], 2, self._end([*parameters, *states]))
        made = Judgement(activation, window, parameters, states, others)
        try:
            self._find_loss(made)
        except ReplayError as problem:
            made.fault = str(problem)
        return made

    # candidates

    def _in_step(self, c: Candidate, parameters: list[Candidate]) -> bool:
        """Whether a candidate is updated beside the parameters, in the same passes."""
        places = {id(p.step) for p in parameters}
        return id(c.step) in places

    def _end(self, found: list[Candidate]) -> int:
        """One past the second step: the end of the pass that holds the last update of the second round."""
        end = 0
        for c in found:
            last = c.rounds[min(1, len(c.rounds) - 1)][-1]
            end = max(end, last.entry + 1)
            place = c.step
            activation = place.activation if place is not None else None
            if activation is not None:
                later = [e for e in activation.entries if e > last.entry]
                end = max(end, min(later, default=len(self.tape)))
            elif place is None:
                end = len(self.tape)
        return min(end, len(self.tape))

    def _classify(self, found: list[Candidate]) -> tuple[list[Candidate], list[Candidate], list[Candidate]]:
        """Parameters feed their own increment; state is read by a parameter's increment; the rest is copies and counters."""
        tape = self.tape
        end = candidates_.last_entry(c.rounds[0] for c in found)
        sources = [(tape.storage_born[tape.storage_of(c.region)], tape.storage_of(c.region)) for c in found]
        masks = Masks(tape, sources, {}, end, pinned=False)
        own = [self._increment_mask(c, masks) for c in found]
        parameters = [c for i, c in enumerate(found) if own[i] >> i & 1]
        velocities = [c for c in parameters if any(self._moves(c, p) and not self._moves(p, c) for p in parameters if p is not c)]
        parameters = [c for c in parameters if c not in velocities]
        rest = [c for c in found if c not in parameters]
        states = [c for c in rest if any(self._moves(c, p) for p in parameters)]
        states += [c for c in rest if c not in states and any(self._moves(c, s) for s in states)]
        others = [c for c in found if c not in parameters and c not in states]
        return parameters, states, others

    def _moves(self, c: Candidate, p: Candidate) -> bool:
        """Whether a new value of ``c`` enters an increment of ``p`` elementwise in the same step: a velocity or the like."""
        if c.shape != p.shape or p.step is None:
            return False
        every = [u for r in c.rounds[:3] for u in r]
        for updates in p.rounds[:2]:
            place = _place(updates[0], p.step)
            new = {self.tape.storage_of(u.new) for u in every if _place(u, p.step) is place}
            if new and self._reads(updates, new, c.shape):
                return True
            direct = {self.tape.storage_of(code) for u in updates for code in u.increments}
            if direct & {self.tape.storage_of(u.new) for u in every}:
                return True
        return bool(self._fresh(c, p) & self._chain_of(p.rounds[0], c.shape))

    def _fresh(self, c: Candidate, p: Candidate) -> set[int]:
        """State that began as a plain number: its first array was made inside the step."""
        old = self.tape.storage_of(c.first.old)
        born = self.tape.storage_born[old]
        made = born >= 0 and self.tape.templates[self.tape.entry_template[born]].fn is not operator.pos
        return {old} if p.step is not None and made and born >= p.step.entry else set()

    def _reads(self, updates: list[Update], targets: set[int], shape: tuple[int, ...]) -> bool:
        return bool(self._chain_of(updates, shape) & targets)

    def _chain_of(self, updates: list[Update], shape: tuple[int, ...]) -> set[int]:
        """Storages that enter the increments through elementwise entries of one shape."""
        tape = self.tape
        queue = [code for u in updates for code in u.increments]
        found: set[int] = set()
        for code in queue:
            storage = tape.storage_of(code)
            if storage in found or len(found) > MOST_LINKS:
                continue
            found.add(storage)
            entry = tape.storage_born[storage] if storage >= 0 else -1
            if entry >= 0 and tape.templates[tape.entry_template[entry]].elementwise:
                queue += [i for i in tape.entry(entry)[1] if tape.storage_of(i) >= 0 and tape.shape_of(i) == shape]
        return found

    def _increment_mask(self, c: Candidate, masks: Masks) -> int:
        mask = 0
        for u in c.rounds[0]:
            for code in u.increments:
                mask |= masks.of(code)
        return mask

    # losses

    def _find_loss(self, made: Judgement) -> None:
        window = made.window
        increments = [c for p in made.parameters for r in p.rounds[:2] for u in r for c in (*u.increments, u.new)]
        own = hypotheses.own_scalars(window, increments, window.end)
        self._record(made, own)
        path = set(backward_slice(self.tape, {self.tape.storage_of(c) for c in increments}, window.end, window.begin))
        made.path = path
        off = [h for h in own if not h.on_path]
        trials: list[Trial] = []
        self._try_all(made, off, trials)
        if not self._settled(made, trials):
            self._try_guards(made, off, path, trials)
        if not self._settled(made, trials):
            self._try_elsewhere(made, trials)
        made.own = any(any(np.any(m.truth) for m in t.matches) for t in trials)
        if not any(f.identified for f in families(trials)):
            self._try_heads(made, path, trials)
        if not any(f.identified or f.plausible for f in families(trials)):
            self._try_all(made, [h for h in own if h.on_path], trials)
        made.considered = trials
        made.trials = _choose(self.tape, made, trials)
        self._adopt(made)
        self._look_later(made, own)
        made.elsewhere = probe.elsewhere(self, made)
        made.certificates = probe.certify(made)

    def _settled(self, made: Judgement, trials: list[Trial]) -> bool:
        """Whether a loss is identified that explains every parameter that it reaches."""
        reached = {id(p) for p in made.parameters}
        return any(f.identified and (reached <= f.matched or all(t.full for t in f.trials)) for f in families(trials))

    def _prepare(self, made: Judgement) -> None:
        tape = self.tape
        every = [*made.parameters, *made.states]
        sources = [(tape.storage_born[tape.storage_of(c.region)], tape.storage_of(c.region)) for c in every]
        everything = Masks(tape, sources[: len(made.parameters)], {}, made.window.end, pinned=False)
        state_sources = sources[len(made.parameters) :]
        storages = {tape.storage_of(code) for c in made.states for r in c.rounds[:2] for u in r for code in (u.old, u.new)}
        born = [(tape.storage_born[s], s) for s in storages]
        kept = {tape.storage_of(u.new) for c in made.parameters for r in c.rounds[:3] for u in r}
        barriers = {e: s for e, s in made.window.barriers.items() if s in kept}
        state_masks = Masks(tape, state_sources + born, barriers, made.window.end, pinned=False)
        assert made.recording is not None
        made.extraction = Extraction(made.recording, everything, storages, state_masks, set(barriers))

    def _record(self, made: Judgement, own: list[Hypothesis]) -> None:
        """Replay the window with the scalars in it, whether the increments need them or not."""
        made.wanted = [self.tape.storage_of(c) for h in own for c in h.codes]
        made.recording = made.window.record(made.wanted)
        self._prepare(made)

    def _try_all(self, made: Judgement, found: list[Hypothesis], trials: list[Trial]) -> None:
        for h in found:
            seeds: Seeds = [(e + 1, c, np.ones(self.tape.shape_of(c))) for e, c in zip(h.entries, h.codes, strict=True)]
            trial = self.evaluate(made, h, seeds, made.recording, h.mask, "expression")
            if trial is not None:
                trials.append(trial)
                if trial.full and trial.identified and {id(p) for p in made.parameters} <= trial.matched:
                    return

    def _try_guards(self, made: Judgement, off: list[Hypothesis], path: set[int], trials: list[Trial]) -> None:
        """The same scalars without the small constants that guard a logarithm or a root."""
        for h in off:
            guards = hypotheses.guards_of(made.window, h, path)
            if not guards:
                continue
            bare = replace(h, guards=guards)
            recording = self._without(made, guards)
            if recording is None:
                continue
            seeds: Seeds = [(e + 1, c, np.ones(self.tape.shape_of(c))) for e, c in zip(h.entries, h.codes, strict=True)]
            trial = self.evaluate(made, bare, seeds, recording, h.mask, "expression")
            if trial is not None:
                trials.append(trial)
                if trial.full:
                    return

    def _without(self, made: Judgement, guards: dict[int, int]) -> Recording | None:
        assert made.recording is not None
        replay = made.recording.replay.without(guards)
        changed = Recording(replay, made.window.fork(), made.recording.entries)
        try:
            changed.run()
        except ReplayError:
            return None
        return changed

    def _try_elsewhere(self, made: Judgement, trials: list[Trial]) -> None:
        """Losses computed elsewhere in the script, carried over to the step's own values."""
        assert made.recording is not None
        for h in transplant.carried_over(self.tape, made.window, self.calls, made.recording):
            recording = transplant.extend(made.recording, made.window, h)
            if recording is None:
                continue
            seeds: Seeds = [(e + 1, c, np.ones(self.tape.shape_of(c))) for e, c in zip(h.entries, h.codes, strict=True)]
            trial = self.evaluate(made, h, seeds, recording, h.mask, "expression")
            if trial is not None:
                trials.append(trial)
                if trial.full and trial.identified:
                    return

    def _try_heads(self, made: Judgement, path: set[int], trials: list[Trial]) -> None:
        assert made.recording is not None
        window = made.window
        end = candidates_.last_entry(r for p in made.parameters for r in p.rounds[:2])
        for head in [*heads.label_heads(window, path, end), *heads.find(window, path, end)]:
            for kind in heads.KINDS:
                seeds = heads.seeds(kind, head, made.recording)
                if seeds is None:
                    continue
                h = Hypothesis(head.site, head.outputs, head.entries, False, head.mask, source="inferred")
                trial = self.evaluate(made, h, list(seeds), made.recording, head.mask, kind)
                if trial is not None:
                    trial.head = head
                    trials.append(trial)
                    if trial.full and trial.identified:
                        return

    def _adopt(self, made: Judgement) -> None:
        """Updated values that the loss reads are parameters too, although their increments do not depend on them (hinges)."""
        if not made.trials or not made.others:
            return
        trial = made.trials[0]
        code, entry = made.loss_code(trial, self.tape)
        mask = made.window.masks.entry_masks.get(entry, trial.hypothesis.mask) if entry >= 0 else trial.hypothesis.mask
        read = {id(v.candidate) for v in made.window.in_mask(mask)}
        adopted = [c for c in made.others if id(c) in read]
        if adopted:
            made.others = [c for c in made.others if c not in adopted]
            made.parameters = sorted([*made.parameters, *adopted], key=lambda c: c.first.number)
            h = trial.hypothesis
            made.recording = made.window.record(made.wanted)
            self._prepare(made)
            again = self.evaluate(made, h, trial.seeds, made.recording, h.mask, trial.kind)
            if again is not None and not h.guards and not h.tail:
                made.trials[0] = again

    def _look_later(self, made: Judgement, own: list[Hypothesis]) -> None:
        """Evaluate the accepted hypotheses of the script's own one step later."""
        for t in made.trials:
            if t.hypothesis.source != "own" or t.hypothesis.tail:
                continue
            for h in own:
                if h.site == t.hypothesis.site and h.codes != t.hypothesis.codes and h.mask and not h.mask & t.hypothesis.mask:
                    trial = self._same_later(made, t, h)
                    if trial is not None and len(h.codes) == len(t.hypothesis.codes):
                        made.later.append(trial)
                        break

    def _same_later(self, made: Judgement, t: Trial, h: Hypothesis) -> Trial | None:
        recording = made.recording
        if t.hypothesis.guards:
            h = replace(h, guards=hypotheses.guards_of(made.window, h, made.path))
            recording = self._without(made, h.guards)
        if recording is None:
            return None
        seeds: Seeds = [(e + 1, c, np.ones(self.tape.shape_of(c))) for e, c in zip(h.entries, h.codes, strict=True)]
        return self.evaluate(made, h, seeds, recording, h.mask, t.kind)

    # one hypothesis

    def evaluate(self, made: Judgement, h: Hypothesis, seeds: Seeds, recording: Recording | None, mask: int, kind: str) -> Trial | None:
        """Sweep from the seeds and compare every parameter in the mask."""
        assert recording is not None and made.extraction is not None
        window = made.window
        chosen = [v for v in _latest_versions(window.in_mask(mask)) if v.candidate in made.parameters]
        if not chosen:
            return None
        sweep = window.sweep(recording, seeds, bounded=True)
        stuck = self._stuck(made, sweep)
        matches = []
        for v in chosen:
            t, bound = window.adjoint(sweep, v, recording)
            g = self._gradient(made, v)
            value = oriented(g.value, t)
            comparison = compare(value, t, bound, g.noise)
            if not comparison.exact:
                comparison, g = _other_values(g, t, bound, comparison)
            matches.append(Match(v, g, comparison, t, bound, [why for mask, why in stuck if mask & window.bit(v)]))
        _settle_zeros(matches)
        trial = Trial(h, kind, seeds, matches, sweep, recording)
        self._identify(made, trial)
        return trial

    def _stuck(self, made: Judgement, sweep: Sweep) -> list[tuple[int, str]]:
        """Operations whose derivative is not known, with the versions behind them."""
        found = []
        for entry, why in sweep.blocked.items():
            mask = made.window.masks.entry_masks.get(entry, 0)
            found.append((mask, why))
        return found

    def _gradient(self, made: Judgement, v: Version) -> Gradient:
        assert made.extraction is not None
        cache = made.extraction.cache
        key = (id(v.candidate), v.round_, v.index)
        if key not in cache:
            cache[key] = made.extraction.gradient(v.candidate, v.candidate.rounds[v.round_][v.index :])
        return cache[key]

    def _identify(self, made: Judgement, trial: Trial) -> None:
        """A witness: a gradient with more than three entries, not constant, no multiple of the parameter itself."""
        for m in trial.matches:
            if m.comparison.agreement == "exact" and m.truth.size > 3 and not _plain(m, made):
                trial.identified = True
                trial.witness = m.version.candidate.name
                return


def _place(u: Update, step: Pass) -> Pass | None:
    """The pass of the step's loop (any activation of it) that an update lies in."""
    line = step.activation.line if step.activation is not None else None
    return next((p for p in u.place.chain() if p.activation is not None and p.activation.line is line), None)


def _latest_versions(versions: list[Version]) -> list[Version]:
    """One version a candidate: the latest."""
    found: dict[int, Version] = {}
    for v in versions:
        known = found.get(id(v.candidate))
        if known is None or (v.round_, v.index) > (known.round_, known.index):
            found[id(v.candidate)] = v
    return list(found.values())


def _other_values(g: Gradient, t: np.ndarray, bound: np.ndarray, first: Comparison) -> tuple[Comparison, Gradient]:
    """The value before a clip or a sign, where that agrees; and the increment without weight decay."""
    for code, value in g.alternatives:
        found = compare(oriented(value, t), t, bound)
        if found.exact:
            return found, replace(g, value=value, code=code)
    return first, g


def _settle_zeros(matches: list[Match]) -> None:
    """Judge zero gradients at the scale of the others."""
    scales = [abs(m.comparison.scale) for m in matches if m.comparison.agreement == "exact" and m.comparison.scale]
    if not scales:
        return
    for m in matches:
        if m.comparison.scale is None:
            m.comparison = compare(oriented(m.gradient.value, m.truth), m.truth, m.bound, m.gradient.noise, max(scales))
            if m.comparison.agreement == "off" and m.gradient.stateful and np.any(m.truth):
                m.comparison = replace(m.comparison, agreement="zero")


def _plain(m: Match, made: Judgement) -> bool:
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
        return sum(m.truth.size for m in found if m.comparison.scale) >= FEWEST_NUMBERS and len(found) > 1 and (
            _one([m.comparison.scale for m in found]) or _one([m.unit for m in found])
        )

    @property
    def plausible(self) -> bool:
        """A few numbers that agree at one scale in each step, though the scale changes from step to step."""
        found = [m for t in self.trials for m in t.matches]
        if any(t.hypothesis.on_path for t in self.trials) or not all(m.exact and m.truth.size <= 3 for m in found):
            return False
        enough = all(sum(m.truth.size for m in t.matches if m.comparison.scale) > 1 for t in self.trials)
        return bool(found) and enough and all(_one([m.comparison.scale for m in t.matches]) for t in self.trials)


def _one(scales: list[float | None]) -> bool:
    """Whether all scales (zero gradients have none) are one number."""
    known = [s for s in scales if s]
    return bool(known) and all(abs(s / known[0] - 1) < SAME_UNIT for s in known)


def families(trials: list[Trial]) -> list[Family]:
    """Trials gathered by place, kind and treatment, in the order in which they were tried."""
    found: dict[Any, Family] = {}
    for t in trials:
        h = t.hypothesis
        found.setdefault((h.site, t.kind, h.label, bool(h.guards), bool(h.tail)), Family([])).trials.append(t)
    return list(found.values())


def _choose(tape: Tape, made: Judgement, trials: list[Trial]) -> list[Trial]:
    """The accepted hypotheses: the first identified family, unless a later one that is no part of it explains more."""
    identified = [f for f in families(trials) if f.identified] or [f for f in families(trials) if f.plausible]
    if made.own:  # a loss of the script's own is never traded for a standard one that explains less than everything
        wanted = {id(p) for p in made.parameters}
        identified = [f for f in identified if f.head.hypothesis.source == "own" or wanted <= f.matched]
    if not identified:
        return []
    main = identified[0]
    wanted = {id(p) for p in made.parameters}
    for f in identified[1:]:
        more = f.matched > main.matched or (wanted <= f.matched and not wanted <= main.matched)
        if more and not _is_part(tape, made, f.head, main.head):
            main = f
    accepted = [main]
    missing = wanted - main.matched
    for f in identified:
        own = {id(m.version.candidate) for t in f.trials for m in t.matches} & missing
        if f is not main and own and own <= f.matched and not _is_part(tape, made, f.head, main.head):
            accepted.append(f)
            missing -= f.matched
    accepted.sort(key=lambda f: min(m.version.update.number for m in f.head.matches if m.exact or f is main))
    return [t for f in accepted for t in sorted(f.trials, key=lambda t: t.hypothesis.last)]


def _is_part(tape: Tape, made: Judgement, part: Trial, whole: Trial) -> bool:
    """Whether one loss is a term of the other: its scalar feeds it. Guards taken out do not count."""
    if part.hypothesis.guards or part.hypothesis.source != "own":
        return False
    targets = {tape.storage_of(c) for c in whole.hypothesis.codes}
    inside = set(backward_slice(tape, targets, whole.hypothesis.last, made.window.begin))
    return bool(set(part.hypothesis.entries) & inside) and part.hypothesis.site != whole.hypothesis.site
