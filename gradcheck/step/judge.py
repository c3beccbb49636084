"""From a recorded training to its loss, its parameters and how each gradient compares with the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..record.events import Update
from ..record.functions import Call
from ..record.loops import Activation
from ..replay.adjoint import Recording, Sweep
from ..replay.forward import ReplayError
from ..replay.rounding import again
from ..tape import Tape
from . import candidates as candidates_
from . import heads, hypotheses, probe, rows, transplant
from .asked import Asked
from .candidates import Candidate
from .classify import classify, moves
from .compare import Comparison, compare, oriented, settle
from .decay import decayed
from .flow import Masks, backward_slice
from .gradient import Extraction, Gradient
from .hypotheses import Hypothesis, Seeds
from .trials import Judgement, Match, Trial, choose, families, multiple_of_itself, settle_zeros
from .window import Version, Window

NEAR = 1e-3
MIXED = "its gradient cannot be told from the optimiser's state"
MOST_ROUNDED = 100_000


class Judge:
    """Finds loss and parameters of one training on a finished tape."""

    def __init__(
        self, tape: Tape, updates: list[Update], calls: dict[int, list[Call]], asked: Asked | None = None
    ) -> None:
        self.tape = tape
        self.updates = updates
        self.calls = calls
        self.asked = asked

    def judge(self, activation: Activation | None) -> Judgement | None:
        """The judgement of one training loop (None: the whole script); None when nothing is updated in it."""
        found = candidates_.find(self.tape, self.updates, activation)
        if not found:
            return None
        parameters, states, others = classify(self.tape, found)
        if not parameters:
            return None
        beside = [c for c in others if self._in_step(c, parameters)]
        others = [c for c in others if c in beside or any(moves(self.tape, c, p) for p in beside)]
        window = Window(self.tape, [*parameters, *states, *others], 2, self._end([*parameters, *states]))
        made = Judgement(activation, window, parameters, states, others)
        try:
            self._find_loss(made)
        except ReplayError as problem:
            made.fault = str(problem)
        self._follow_rows(made)
        return made

    def _follow_rows(self, made: Judgement) -> None:
        """Which rows of the data each step trains on; a fault of ours here must not cost the verdicts."""
        try:
            made.rows = rows.follow(self.tape, made)
        except Exception as problem:
            made.lost = f"a fault of gradcheck itself: {type(problem).__name__}: {problem}"

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

    # losses

    def _find_loss(self, made: Judgement) -> None:
        window = made.window
        increments = [c for p in made.parameters for r in p.rounds[:2] for u in r for c in (*u.increments, u.new)]
        path = set(backward_slice(self.tape, {self.tape.storage_of(c) for c in increments}, window.end, window.begin))
        made.path = path
        own = hypotheses.own_scalars(window, path, window.end)
        if self.asked is not None:
            self._take_asked(made, self.asked)
            return
        self._record(made, own)
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
        made.trials = choose(self.tape, made, trials)
        self._conclude(made, own)

    def _conclude(self, made: Judgement, own: list[Hypothesis]) -> None:
        """What is looked at once the losses are chosen: later steps, other points, central differences."""
        self._adopt(made)
        self._look_later(made, own)
        made.elsewhere = probe.elsewhere(self, made)
        made.certificates = probe.certify(made)

    def _take_asked(self, made: Judgement, asked: Asked) -> None:
        """The loss that the user names, the most downstream of what the name stands for; it need not be identified."""
        sites = asked.sites()
        every = hypotheses.own_scalars(made.window, made.path, made.window.end, limited=False)
        own = sorted((h for h in every if h.site in sites), key=lambda h: -h.last)
        own = [h for h in own if (h.site, h.label) == (own[0].site, own[0].label)]
        self._record(made, own)
        trials: list[Trial] = []
        self._try_all(made, own, trials)
        if not self._settled(made, trials):
            self._try_guards(made, own, made.path, trials)
        if not trials:
            self._try_elsewhere(made, trials, sites)
            # A binding of another place's function to the step's values is a guess until a gradient fits it.
            trials = [t for f in families(trials) if f.identified for t in f.trials]
        if not trials:
            made.missing = asked.missing({h.site for h in every if not h.on_path})
        made.own = True
        made.considered = trials
        made.trials = choose(self.tape, made, trials) or [t for f in families(trials)[:1] for t in f.trials]
        self._conclude(made, own)

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
        storages = {
            tape.storage_of(code) for c in made.states for r in c.rounds[:2] for u in r for code in (u.old, u.new)
        }
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
            trial = self.evaluate(made, h, h.seeds(self.tape), made.recording, h.mask, "expression")
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
            trial = self.evaluate(made, bare, h.seeds(self.tape), recording, h.mask, "expression")
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

    def _try_elsewhere(self, made: Judgement, trials: list[Trial], sites: frozenset[int] | None = None) -> None:
        """Losses computed elsewhere in the script (only at ``sites``), carried over to the step's own values."""
        assert made.recording is not None
        for h in transplant.carried_over(self.tape, made.window, self.calls, made.recording, sites):
            recording = transplant.extend(made.recording, made.window, h)
            if recording is None:
                continue
            trial = self.evaluate(made, h, h.seeds(self.tape), recording, h.mask, "expression")
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
        """Updated values that the loss reads are parameters too, although their increments do not depend on
        them (hinges).
        """
        if not made.trials or not made.others:
            return
        trial = made.trials[0]
        code, entry = made.loss_code(trial, self.tape)
        mask = made.window.masks.entry_masks.get(entry, trial.hypothesis.mask) if entry >= 0 else trial.hypothesis.mask
        read = {id(v.candidate) for v in made.window.in_mask(mask)}
        adopted = [c for c in made.others if id(c) in read]
        if adopted:
            states = [c for c in made.others if c not in adopted and any(moves(self.tape, c, p) for p in adopted)]
            made.states = [*made.states, *states]
            made.others = [c for c in made.others if c not in adopted and c not in states]
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
                if (
                    h.site == t.hypothesis.site
                    and h.codes != t.hypothesis.codes
                    and h.mask
                    and not h.mask & t.hypothesis.mask
                ):
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
        return self.evaluate(made, h, h.seeds(self.tape), recording, h.mask, t.kind)

    # one hypothesis

    def evaluate(
        self, made: Judgement, h: Hypothesis, seeds: Seeds, recording: Recording | None, mask: int, kind: str
    ) -> Trial | None:
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
            if comparison.agreement == "off" and (found := decayed(made, h, v, g, t, bound)) is not None:
                comparison, g = found
            blocked = [why for mask, why in stuck if mask & window.bit(v)]
            if g.mixed and not (comparison.exact and t.size > 1):
                blocked.append(MIXED)
            matches.append(Match(v, g, comparison, t, bound, blocked))
        settle_zeros(matches)
        if any(_near(m) for m in matches):
            self._settle(made, recording, seeds, matches)
        trial = Trial(h, kind, seeds, matches, sweep, recording)
        self._identify(made, trial)
        return trial

    def _settle(self, made: Judgement, recording: Recording, seeds: Seeds, matches: list[Match]) -> None:
        """Compare near misses again with measured rounding: forward values may have cancelled."""
        if len(recording.entries) > MOST_ROUNDED or recording is not made.recording:
            return
        if made.rounded is None:
            made.rounded = again(recording, made.window.fork)
        ex = made.extraction
        assert ex is not None
        sweeps = [made.window.sweep(other, seeds) for other in made.rounded]
        for m in matches:
            if not _near(m):
                continue
            v = m.version
            updates = v.candidate.rounds[v.round_][v.index :]
            ts = [made.window.adjoint(s, v, o)[0] for s, o in zip(sweeps, made.rounded, strict=True)]
            others = (Extraction(o, ex.masks, ex.states, ex.state_masks, ex.updates) for o in made.rounded)
            us = [oriented(e.gradient(v.candidate, updates).value, m.truth) for e in others]
            if all(u.shape == np.shape(us[0]) for u in us):
                u = oriented(m.gradient.value, m.truth)
                m.comparison = settle(u, m.truth, m.bound, m.gradient.noise, us, ts)

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
            if m.comparison.agreement == "exact" and m.truth.size > 3 and not multiple_of_itself(m, made):
                trial.identified = True
                trial.witness = m.version.candidate.name
                return


def _near(m: Match) -> bool:
    """Whether rounding of the forward values might explain the difference."""
    c = m.comparison
    return not c.exact and c.agreement != "nonfinite" and (c.residual is None or c.residual < NEAR)


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
