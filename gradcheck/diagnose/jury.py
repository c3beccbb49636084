"""The verdict on each parameter of a training."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from ..step import heads
from ..step.candidates import Candidate
from ..step.classify import chain_of, pass_of
from ..step.compare import compare, oriented
from ..step.flow import backward_slice
from ..step.guards import without_guards
from ..step.later import second_step
from ..step.mixture import is_mixture
from ..step.probe import all_drift
from ..step.sharing import shares_data
from ..step.trials import Judgement, Match, Trial, same_derivative
from ..step.window import Version
from ..tape import CONST, SCALAR, Tape
from . import departure, scales, sense
from .departure import Departure
from .walk import walk_of

ALL_UPHILL = "every update goes uphill"
HINGED = "its updates depend on it through branches only, and no loss explains them"
PILED = "right at the first step, then added to what earlier steps left"
SINGLE = "a single number is a multiple of any other, and no larger gradient gives the factor"
STILL = "its updates add zeros, and its true gradient is not zero"
HIDDEN = "right at the recorded values only, wrong at others"
MOST_LINKS = 6
PARTLY = "its gradient holds terms of another loss, and none was found for them"
FEWEST = 3  # entries from which a sum of gradients is told from chance
FEWEST_ROWS = 3  # samples of classes from which all going away from their labels is no single action's reward
DOUBTFUL = 0.05  # relative gap of the central difference: a kink or noise, else a fault of ours


@dataclass(slots=True)
class Verdict:
    """What is said of one candidate."""

    candidate: Candidate
    match: Match | None
    trial: Trial | None
    verdict: str
    reason: str = ""
    scale: float | None = None
    shared: float | None = None  # the scale of the parameters that this one differs from
    direction: str = ""
    opposite: bool = False  # its update has another sign than the others
    departure: Departure | None = None


def own_loss(made: Judgement) -> list[Trial]:
    """The script's own cross-entropy where what is descended is the squared error of the same output.

    The own loss has exactly the derivative of the standard one, so there is no doubt which it is.
    """
    main = made.trials[0] if made.trials else None
    if main is None or main.head is None or main.kind != "squared error":
        return []
    kinds = [t for t in made.considered if t.head is not None and t.kind != main.kind and t.head.site == main.head.site]
    for own in made.considered:
        plain = own.hypothesis.source == "own" and not own.hypothesis.on_path and not own.hypothesis.guards
        if plain and any(same_derivative(own, t) and t.kind in heads.CROSS_ENTROPIES for t in kinds):
            return [own]
    return []


def stands_still(m: Match) -> bool:
    """Whether a gradient is zero in every entry where the true one is not: forgotten, or fixed on purpose."""
    return m.comparison.scale is not None and not np.any(m.gradient.value) and not np.any(m.gradient.step)


class Jury:
    """Judges what the step view found. ``maximize``: the objective is climbed on purpose."""

    def __init__(self, tape: Tape, maximize: bool = False) -> None:
        self.tape = tape
        self.maximize = maximize

    def verdicts(self, made: Judgement, tainted: dict[int, Any]) -> dict[int, Verdict]:
        """One verdict for each parameter, by id of the candidate."""
        out: dict[int, Verdict] = {}
        trials = own_loss(made) or made.trials or self.fallback(made)
        for c in made.parameters:
            out[id(c)] = self._verdict(made, c, trials, tainted)
        for t in trials if made.trials else []:
            self._scales(made, t, [v for v in out.values() if v.trial is t])
        for v in out.values():
            if v.candidate.decided and v.verdict == "wrong":
                v.verdict, v.reason = "not_judged", HINGED
        self._walk(made, list(out.values()))
        return out

    def fallback(self, made: Judgement) -> list[Trial]:
        """The script's own loss where none was identified: the most downstream scalar that depends on the most
        parameters.
        """
        own = [
            t
            for t in made.considered
            if not t.hypothesis.on_path and t.hypothesis.source == "own" and not t.hypothesis.guards
        ]
        own = [t for t in own if all(m.version.round_ == 0 for m in t.matches) and not self._ambiguous(t, own)]
        most_first = sorted(own, key=lambda t: -len(t.matches))
        return list(islice((t for t in most_first if may_be_loss(self.tape, made, t)), 1))

    def _ambiguous(self, t: Trial, own: list[Trial]) -> bool:
        """Whether a loss from elsewhere in the script fits the step's values in more than one way."""
        return (
            bool(t.hypothesis.tail)
            and sum(
                o.hypothesis.site == t.hypothesis.site and o.kind == t.kind and o.hypothesis.label == t.hypothesis.label
                for o in own
            )
            > 1
        )

    def _verdict(self, made: Judgement, c: Candidate, trials: list[Trial], tainted: dict[int, Any]) -> Verdict:
        if id(c) in tainted:
            return Verdict(c, None, None, "not_judged", "its gradient is computed from memory that nobody wrote")
        if made.fault:
            return Verdict(c, None, None, "not_judged", f"the step could not be replayed: {made.fault}")
        found = [(t, m) for t in trials for m in t.matches if m.version.candidate is c]
        if not found:
            why = "no loss was found for it" if made.trials else "no loss was identified"
            return Verdict(c, None, None, "not_judged", made.missing or why)
        t, m = max(found, key=lambda tm: (tm[1].exact, self._neighbours(made, c, tm[0])))
        if m.blocked:
            return Verdict(c, m, t, "not_judged", m.blocked[0])
        kind = m.comparison.agreement
        if m.exact and not made.trials:
            return Verdict(c, m, t, "not_judged", "no loss was identified")
        if m.exact:
            later = self._later(made, t, m)
            if later is not None and not is_mixture(self.tape, made, later[1]):
                return Verdict(c, later[1], later[0], "wrong", "right at the first step, wrong at the next")
            there = made.elsewhere.get((id(t), id(c)))
            if there is not None:
                point, there_too = there
                weighted = t.head is not None and bool(t.head.weights)
                if weighted or there_too.exact and (t.head is not None or all_drift(made, t)):
                    which = "no standard loss" if t.head is not None else "no loss of the script"
                    return Verdict(c, m, t, "not_judged", f"{which} keeps its scale at other values")
                return Verdict(c, there_too, point, "wrong", HIDDEN)
            if self._piles_up(made, t, m):
                return Verdict(c, m, t, "wrong", PILED)
            gap = made.certificates.get(id(c))
            if gap is not None and gap > DOUBTFUL:
                return Verdict(c, m, t, "inconclusive", f"the central difference is {gap:.1e} off the derivative")
            return Verdict(c, m, t, "right")
        if kind == "nonfinite":
            return Verdict(c, m, t, "not_judged", "the gradient is not finite")
        if stands_still(m):
            return Verdict(c, m, t, "not_judged", STILL)
        if kind == "unclear":
            return Verdict(
                c,
                m,
                t,
                "inconclusive",
                "the difference is larger than rounding explains and smaller than certainty needs",
            )
        if is_mixture(self.tape, made, m):
            m.comparison = replace(m.comparison, agreement="exact", scale=None)
            return Verdict(c, m, t, "right")
        bare = without_guards(made, t, m) if made.trials else None
        if bare is not None and bare.exact:
            m.comparison = bare
            return Verdict(c, m, t, "right")
        if not made.asked and self._has_other_terms(made, t, m):
            return Verdict(c, m, t, "not_judged", PARTLY)
        return Verdict(c, m, t, "wrong")

    def _has_other_terms(self, made: Judgement, t: Trial, m: Match) -> bool:
        """Whether a gradient is made from parameters that the loss does not depend on, as with two heads on a trunk."""
        assert made.extraction is not None
        mask = made.extraction.masks.of(m.gradient.code)
        behind = {id(c) for i, c in enumerate(made.parameters) if mask >> i & 1}
        return bool(behind - {id(v.candidate) for v in made.window.in_mask(t.hypothesis.mask)})

    def _piles_up(self, made: Judgement, t: Trial, m: Match) -> bool:
        """Whether the second step is a multiple of the sum of both gradients: a buffer that is never cleared.

        step1 = c g1 and step2 = c (g1 + g2). Momentum keeps a part of g1 only.
        """
        c = m.version.candidate
        if not m.gradient.stateful or made.extraction is None or len(c.rounds) < 2 or made.window.rounds < 2:
            return False
        one, two = (made.extraction.gradient(c, updates) for updates in c.rounds[:2])
        if not one.value.size == two.value.size == one.step.size or m.truth.size < FEWEST:
            return False
        own = (oriented(one.value, one.step), oriented(two.value, one.step))
        second = self._one_step_later(made, t, m)
        true = (oriented(m.truth, one.step), oriented(second.truth, one.step)) if second is not None else own
        return any(_piled(one.step, two.step, g1, g2) for g1, g2 in (own, true))

    def _one_step_later(self, made: Judgement, t: Trial, m: Match) -> Match | None:
        """The same loss and parameter in the second step."""
        key = ("second step", id(t.sweep))
        if key not in made.kept:
            made.kept[key] = second_step(made, t, made.kept.get("own", []), made.kept.get("heads", []))
        there = made.kept[key].matches if made.kept[key] is not None else []
        return next((x for x in there if x.version.candidate is m.version.candidate and x.version.round_ == 1), None)

    def _neighbours(self, made: Judgement, c: Candidate, t: Trial) -> int:
        """How many of the parameters updated just before and after this one agree with the trial's loss."""
        place = made.parameters.index(c)
        near = made.parameters[max(0, place - 2) : place] + made.parameters[place + 1 : place + 3]
        return sum(any(m.version.candidate is n and m.exact and m.truth.size > 3 for m in t.matches) for n in near)

    def _later(self, made: Judgement, t: Trial, first: Match) -> tuple[Trial, Match] | None:
        """The same loss and parameter one step later: a gradient that is right only at the first one.

        Where a round holds several updates, only the same one of the next round can be compared with the first.
        """
        there = first.version
        for other in [*made.later, *made.trials]:
            if other.hypothesis.site == t.hypothesis.site and other.kind == t.kind and not other.hypothesis.tail:
                for m in other.matches:
                    same = m.version.candidate is there.candidate and m.version.index == there.index
                    if same and m.comparison.agreement == "off" and not m.blocked:
                        return other, m
        return None

    def _scales(self, made: Judgement, t: Trial, found: list[Verdict]) -> None:
        right = [v for v in found if v.verdict == "right" and v.match is not None]
        ref = scales.reference([v.match for v in right if v.match is not None])
        if ref is None or ref.unit is None:
            return
        if ref.truth.size == 1 and abs(abs(ref.unit) - 1) > scales.SAME and any(v.verdict == "wrong" for v in found):
            for v in right:
                v.verdict, v.reason = "not_judged", SINGLE
            return
        for v in found:
            if v.match is not None and v.match.comparison.scale is not None:
                v.direction = self._direction(v.match, taken_off=t.head is None and sense.is_taken_off(t))
        if self.all_uphill(t, right) and self._is_minimised(made, t):
            for v in right:
                v.verdict, v.reason = "wrong", ALL_UPHILL
            return
        for v in right:
            match = v.match
            if match is None or match.unit is None:
                continue
            if not scales.consistent(match, ref):
                v.verdict = "wrong"
                v.scale, v.shared = abs(match.unit), abs(ref.unit)
                v.opposite = scales.opposite(match, ref)
                v.reason = (
                    "the update goes the other way" if v.opposite else "its scale differs from the other parameters'"
                )
            else:
                v.scale = abs(ref.unit)
                v.verdict = "right" if abs(abs(ref.unit) - 1) < scales.SAME else "right_up_to_scale"

    def _is_minimised(self, made: Judgement, t: Trial) -> bool:
        """Whether a loss shows by itself that it is one; the classes of a policy may go away from what was done."""
        return sense.is_made_small(made, t) if t.head is None else t.kind != heads.SOFTMAX

    def all_uphill(self, t: Trial, right: list[Verdict]) -> bool:
        """Whether everything that moves climbs a standard loss, or a scalar of the script's own above zero.

        A negative objective (a log-likelihood, a reward) may be climbed on purpose.
        """
        moving = [v.direction for v in right if v.direction in ("uphill", "downhill")]
        if self.maximize or not moving or set(moving) != {"uphill"} or not self._stands_for_itself(t):
            return False
        if t.head is not None:  # an advantage may weigh a sample either way: then the scale is no plain number
            units = [v.match.unit for v in right if v.match is not None and v.match.unit]
            rows = sum(max(self.tape.shape_of(c)[:1], default=1) for c in t.head.outputs)
            if t.kind == heads.SOFTMAX and rows < FEWEST_ROWS:  # one action that was taken, away from which it may go
                return False
            if any(np.any(w < 0) for w in t.head.weights):
                return False
            return all("." not in scales.as_text(abs(u)) for u in units)
        replay, state = t.recording.replay, t.recording.state
        value = sum(float(np.sum(np.asarray(replay.load(state, c), float))) for c in t.hypothesis.codes)
        return value > 0

    def _stands_for_itself(self, t: Trial) -> bool:
        """Whether the scalar is a loss as it stands: no difference to an earlier value, which has its own sign."""
        if t.head is not None:
            return True
        tape = self.tape
        queue = list(t.hypothesis.codes)
        for count, code in enumerate(queue):
            if count == MOST_LINKS:
                break
            entry = tape.storage_born[tape.storage_of(code)]
            if entry < 0:
                continue
            template, inputs, _ = tape.entry(entry)
            numbers = [c for c in inputs if c & 3 == SCALAR and tape.storage_born[c >> 2] >= 0]
            if template.fn in (operator.sub, np.subtract) and len(numbers) == 2:
                return False
            if template.fn in (abs, np.abs, operator.neg, operator.mul, operator.truediv):
                queue += numbers
        return True

    def _direction(self, m: Match, *, taken_off: bool) -> str:
        step, t = m.gradient.step, m.truth
        if step.size != t.size:
            return ""
        product = float(np.ravel(step) @ np.ravel(t if step.shape == t.shape else t.reshape(step.shape)))
        if product == 0:
            return "none"
        return "uphill" if (product > 0) != (self.maximize != taken_off) else "downhill"

    def _walk(self, made: Judgement, found: list[Verdict]) -> None:
        """The line where each wrong gradient first departs from the truth."""
        for v in found:
            if v.verdict != "wrong" or v.trial is None or v.match is None or made.extraction is None:
                continue
            if v.match.comparison.agreement == "exact":
                continue
            v.departure = departure.first(walk_of(self.tape, made, v.trial), v.match)


def _remembers(tape: Tape, made: Judgement, t: Trial) -> bool:
    """Whether a step is made from what earlier passes computed, other than parameters and state, as in L-BFGS."""
    window, known = made.window, {tape.storage_of(u.new) for s in made.states for r in s.rounds for u in r}
    for m in t.matches:
        here = pass_of(m.version.update, m.version.candidate.step) if m.version.candidate.step is not None else None
        targets = {tape.storage_of(m.gradient.code)}
        entries = backward_slice(tape, targets, m.version.update.entry + 1, window.begin, window.barriers)
        earlier = (e for e in entries if here is not None and e < here.entry and window.masks.entry_masks.get(e))
        if any(not tape.made(e) & known and e not in window.barriers for e in earlier):
            return True
    return False


def may_be_loss(tape: Tape, made: Judgement, t: Trial, head: int = -1) -> bool:
    """Whether a scalar is about the step's own data, and is made from no gradient and nothing that the optimiser keeps.

    What was there when ``head`` was made, where output meets target, is no gradient yet.
    """
    return shares_data(made, t) and not _reads_gradient(tape, made, t, head) and not _remembers(tape, made, t)


def _reads_gradient(tape: Tape, made: Judgement, t: Trial, head: int = -1) -> bool:
    """Whether a scalar is made from the gradient itself, as the slope of a line search is: then it is no loss.

    What the largest parameter's gradient is made from is none of a smaller one's: the gradient of a bias, from one
    sample, is an error of the output's own shape, and behind it is the output.
    """
    window, h = made.window, t.hypothesis
    own = {tape.storage_of(v.code) for v in window.versions}
    entries = backward_slice(tape, {tape.storage_of(c) for c in h.codes}, h.last, window.begin, window.barriers)
    read = {tape.storage_of(c) for e in entries for c in tape.entry(e)[1] if c & 3 != CONST}
    read = {s for s in read if tape.storage_born[s] > head}
    versions = sorted((m.version for m in t.matches), key=lambda v: -math.prod(v.candidate.shape))
    common = _behind(tape, made, versions[0]) if versions else set()
    for v in (v for v in versions if v.candidate.shape != ()):
        known = own if v is versions[0] else own | common
        if (chain_of(tape, v.candidate.rounds[v.round_], v.candidate.shape) - known) & read:
            return True
    return False


def _behind(tape: Tape, made: Judgement, v: Version) -> set[int]:
    """What a parameter's gradient is made from, without the gradient and what the optimiser makes of it."""
    window, updates = made.window, v.candidate.rounds[v.round_]
    chain = chain_of(tape, updates, v.candidate.shape)
    entries = backward_slice(tape, chain, updates[-1].entry, window.begin, window.barriers)
    return {s for e in entries for s in tape.made(e)} - chain


def _piled(step1: np.ndarray, step2: np.ndarray, g1: np.ndarray, g2: np.ndarray) -> bool:
    first, second = compare(step1, g1), compare(step2, g1 + g2)
    if not (first.exact and second.exact and first.scale and second.scale):
        return False
    alone = compare(step2, g2).exact or compare(g2, g1).exact
    return not alone and abs(second.scale / first.scale - 1) < scales.SAME
