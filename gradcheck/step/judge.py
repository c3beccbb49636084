"""From a recorded training to its loss, its parameters and how each gradient compares with the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..record.events import Update
from ..record.functions import Call
from ..record.loops import Activation
from ..replay.adjoint import Recording
from ..replay.forward import ReplayError
from ..tape import Tape
from . import candidates as candidates_
from . import hypotheses, probe, rows, standard, steady, transplant
from .asked import Asked
from .candidates import Candidate
from .classify import classify, gathers, learns, moves
from .decay import with_penalty
from .evaluate import evaluate
from .flow import Masks, backward_slice
from .given import ways
from .gradient import Extraction
from .hypotheses import Hypothesis
from .idle import idle_buffers
from .sharing import is_size_of_error, shares_data
from .trials import Judgement, Match, Trial, choose, families
from .widened import leave_out
from .window import Window

HALVES = (0.5, 1.0, 2.0)
MOST_GIVEN_WORK = 500_000  # entries swept in all
MOST_EXECUTIONS = 3  # of one scalar in a step, of which the last may be the one that is descended
MOST_GIVEN = 3  # scalars of the script that are tried with a value taken as given


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
        grown = leave_out(self.tape, parameters, [*states, *others])
        parameters = [c for c in parameters if c.rounds]
        if not parameters:
            return None
        gathered = [c for c in states if gathers(self.tape, c, parameters, states)]
        states = [c for c in states if c not in gathered]
        beside = [c for c in others if self._in_step(c, parameters)]
        others = [c for c in others if c in beside or any(moves(self.tape, c, p) for p in beside)]
        every = [*parameters, *states, *others]
        window = Window(self.tape, every, 2, self._end([*parameters, *states]), gathered=bool(gathered))
        made = Judgement(activation, window, parameters, states, others, grown=grown)
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
        """Whether a candidate is updated beside the parameters, in the same passes; or, an array that was there before,
        in loops inside them (a state carried over time is made anew).
        """
        places = {id(p.step) for p in parameters}
        if id(c.step) in places:
            return True
        born = self.tape.storage_born[self.tape.storage_of(c.region)]
        around = [place for place in c.first.place.chain() if id(place) in places]
        return c.first.in_place and any(born < place.entry for place in around)

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
        made.kept["own"] = own
        if self.asked is not None:
            made.asked = True
            self._take_asked(made, self.asked)
            return
        self._record(made, own)
        off = [h for h in own if not h.on_path]
        trials: list[Trial] = []
        self._try_all(made, off, trials)
        if not self._settled(made, trials):
            self._try_guards(made, off, trials)
        if not self._settled(made, trials):
            self._try_elsewhere(made, trials)
        if not any(t.full and t.identified for t in trials):
            self._try_given(made, off, trials)
        made.own = any(any(np.any(m.truth) for m in t.matches) and self._is_own(made, t) for t in trials)
        if not any(f.identified for f in families(trials)):
            standard.find(made, trials)
            standard.join(made, trials)
            if not any(f.identified for f in families(trials)):
                standard.weigh(made, trials)
        if not any(f.identified or f.plausible for f in families(trials)):
            self._try_all(made, [h for h in own if h.on_path], trials)
        made.considered = trials
        made.trials = with_penalty(made, choose(self.tape, made, trials), trials)
        self._conclude(made, own)

    def _is_own(self, made: Judgement, t: Trial) -> bool:
        """Whether the script means a scalar as its loss: the mean size of an error is watched, seldom descended."""
        return shares_data(made, t) and (t.identified or not is_size_of_error(made.window, t.hypothesis))

    def _conclude(self, made: Judgement, own: list[Hypothesis]) -> None:
        """What is looked at once the losses are chosen: later steps, other points, central differences."""
        self._look_behind(made, own)
        self._adopt(made)
        self._look_later(made, own)
        made.elsewhere = probe.elsewhere(made)
        steady.steady(made)
        made.certificates = probe.certify(made)

    def _look_behind(self, made: Judgement, own: list[Hypothesis]) -> None:
        """A share of a running mean or sum gives way to the loss that it is a share of; half a square does not."""
        for number, t in enumerate(made.trials):
            code = made.loss_code(t, self.tape)[0]
            h = t.hypothesis
            behind = next((o for o in own if o.codes == [code] and o.codes != h.codes), None)
            if behind is None or h.source != "own" or h.guards or h.given or self._is_half(made, h, code):
                continue
            trial = evaluate(made, behind, behind.seeds(self.tape), made.recording, behind.mask, t.kind)
            if trial is not None and trial.identified and trial.matched == t.matched:
                made.trials[number] = trial

    def _is_half(self, made: Judgement, h: Hypothesis, code: int) -> bool:
        assert made.recording is not None
        replay, state = made.recording.replay, made.recording.state
        share, whole = (float(np.sum(replay.load(state, c))) for c in (h.codes[-1], code))
        return whole == 0 or any(abs(share / whole / f - 1) < 1e-9 for f in HALVES)

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
            self._try_guards(made, own, trials)
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
        assert made.recording is not None
        storages |= {s for c in made.parameters for _, s in idle_buffers(tape, made.recording, c)}
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
            trial = evaluate(made, h, h.seeds(self.tape), made.recording, h.mask, "expression")
            if trial is not None:
                trials.append(trial)
                explains = {id(p) for p in made.parameters} <= trial.matched and not trial.decayed
                if trial.full and trial.identified and explains:
                    return

    def _try_guards(self, made: Judgement, off: list[Hypothesis], trials: list[Trial]) -> None:
        """The same scalars without the small constants that guard a logarithm or a root."""
        for h in off:
            for bare, recording in self._bare(made, h, made.recording):
                trial = evaluate(made, bare, h.seeds(self.tape), recording, h.mask, "expression")
                if trial is not None:
                    trials.append(trial)
                    if trial.full:
                        return

    def _try_given(self, made: Judgement, off: list[Hypothesis], trials: list[Trial]) -> None:
        """The most downstream scalars with a value taken as given, kept where that explains what nothing else does."""
        assert made.recording is not None
        left = MOST_GIVEN_WORK // max(len(made.recording.entries), 1)
        latest = [h for h in off if h.last == max(o.last for o in off if o.mask == h.mask)][:MOST_GIVEN]
        last = [h.only_last() for h in latest if 1 < len(h.codes) <= MOST_EXECUTIONS]
        for h in [*latest, *last]:
            for given in ways(made.window, h)[:left] if left > 0 else ():
                left -= 1
                one = replace(h, given=given)
                trial = evaluate(made, one, one.seeds(self.tape), made.recording, one.mask, "expression")
                if trial is not None and trial.identified:
                    trials.append(trial)
                    if trial.full:
                        return

    def _bare(
        self, made: Judgement, h: Hypothesis, recording: Recording | None
    ) -> Iterator[tuple[Hypothesis, Recording]]:
        """The hypothesis without its guards, where it has any, and the step replayed without them."""
        guards = hypotheses.guards_of(made.window, h, made.path)
        changed = self._without(made, guards, recording) if guards else None
        if changed is not None:
            yield replace(h, guards=guards), changed

    def _without(self, made: Judgement, guards: dict[int, int], recording: Recording | None) -> Recording | None:
        assert recording is not None
        replay = recording.replay.without(guards)
        changed = Recording(replay, made.window.fork(), recording.entries)
        try:
            changed.run()
        except ReplayError:
            return None
        return changed

    def _try_elsewhere(self, made: Judgement, trials: list[Trial], sites: frozenset[int] | None = None) -> None:
        """Losses computed elsewhere in the script (only at ``sites``), carried over to the step's own values."""
        assert made.recording is not None
        wanted = {id(p) for p in made.parameters}
        for h in transplant.carried_over(self.tape, made.window, self.calls, made.recording, sites):
            recording = transplant.extend(made.recording, made.window, h)
            if recording is None:
                continue
            for one, there in ((h, recording), *self._bare(made, h, recording)):
                trial = evaluate(made, one, one.seeds(self.tape), there, one.mask, "expression")
                if trial is not None:
                    trials.append(trial)
                    if trial.full and trial.identified and wanted <= trial.matched:  # else it may be a term only
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
        adopted = [c for c in made.others if id(c) in read and learns(self.tape, c)]
        if adopted:
            states = [c for c in made.others if c not in adopted and any(moves(self.tape, c, p) for p in adopted)]
            made.states = [*made.states, *states]
            made.others = [c for c in made.others if c not in adopted and c not in states]
            made.parameters = sorted([*made.parameters, *adopted], key=lambda c: c.first.number)
            h = trial.hypothesis
            made.recording = made.window.record(made.wanted)
            self._prepare(made)
            again = evaluate(made, h, trial.seeds, made.recording, h.mask, trial.kind)
            if again is not None and not h.guards and not h.tail:
                again.head = trial.head
                made.trials[0] = again
                self._give_back(made, again, adopted)

    def _give_back(self, made: Judgement, trial: Trial, adopted: list[Candidate]) -> None:
        """What was adopted and has another gradient than the loss's follows another loss: a second player's."""
        off = [m for m in trial.matches if not m.exact and m.version.candidate in adopted]
        strangers = [m.version.candidate for m in off if not m.version.candidate.decided and self._flows(made, m)]
        if strangers:
            made.parameters = [c for c in made.parameters if c not in strangers]
            made.others += strangers
            trial.matches = [m for m in trial.matches if m.version.candidate not in strangers]

    def _flows(self, made: Judgement, m: Match) -> bool:
        """Whether an increment depends on parameters by its value, not by decisions alone."""
        assert made.extraction is not None
        updates = m.version.candidate.rounds[m.version.round_]
        return any(made.extraction.masks.of(code) for u in updates for code in u.increments)

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
        if t.hypothesis.given:  # what is given then may be more: a value that is bootstrapped now and then
            return None
        if t.hypothesis.guards:
            h = replace(h, guards=hypotheses.guards_of(made.window, h, made.path))
            recording = self._without(made, h.guards, recording)
        if recording is None:
            return None
        return evaluate(made, h, h.seeds(self.tape), recording, h.mask, t.kind)
