"""Other points: central differences that certify the adjoint, and a second point where hidden mistakes show.

Both replay the recorded step at other parameter values. Control flow and integer indices stay as recorded; a point
at which the script would have decided otherwise is dropped and a nearer one is tried.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..numeric.difference import two_point
from ..replay.adjoint import Recording
from ..replay.forward import Replay, ReplayError, State
from ..tape import CONST
from . import heads
from .evaluate import evaluate
from .flow import backward_slice
from .gradient import Extraction
from .window import Version, Window

if TYPE_CHECKING:
    from .trials import Judgement, Match, Trial

AMPLITUDES = (1.0, 0.2, 0.03)
STEPS = (1e-5, 1e-6, 1e-4)
MANY_ENTRIES = 20_000  # beyond this one direction has to do
GOOD = 1e-5
LARGEST = 4_000_000
DRIFT = 1e-6


class Certifier:
    """Central differences of one trial's loss along directions in parameter space."""

    def __init__(self, made: Judgement, trial: Trial) -> None:
        self.made = made
        self.trial = trial
        window, h = made.window, trial.hypothesis
        tape = window.tape
        targets = {tape.storage_of(c) for c in h.codes}
        if trial.head is not None:
            targets |= {tape.storage_of(c) for e in h.entries for c in tape.entry(e)[1] if c & 3 != CONST}
        entries = backward_slice(tape, targets, h.last if trial.head is None else max(h.entries), window.begin)
        self.entries = entries
        self.terms = self._terms()
        self.possible = not (set(entries) & set(window.barriers)) and len(entries) < 400_000
        if h.given:  # a difference would move them
            self.possible = False
        if h.tail and (window.copies or not set(h.tail) >= {e for e in entries if e >= window.end}):
            self.possible = False

    def gap(self, version: Version, t: np.ndarray, seed: int) -> float | None:
        """The largest relative gap between adjoint and central difference: along t itself and along a random
        direction.
        """
        if not self.possible or t.size > LARGEST or not np.any(t) or not given(self.made, version):
            return None
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal(t.shape)
        worst = 0.0
        mixed = t / _norm(t) + noise / _norm(noise)
        directions = (t, noise) if len(self.entries) < MANY_ENTRIES else (mixed,)
        for d in (d / _norm(d) for d in directions):
            found = self._along(version, d, float(np.vdot(t, d)), _norm(t))
            if found is None:
                return None
            worst = max(worst, found)
        return worst

    def _along(self, version: Version, d: np.ndarray, slope: float, scale: float) -> float | None:
        """|difference - slope| relative to the gradient's norm; smaller steps only on disagreement."""
        best = None
        for h in STEPS:
            try:
                estimate = two_point(lambda x: self._loss(version, x * d), h * max(1.0, self._size(version)))
            except (ReplayError, FloatingPointError):
                return best
            gap = abs(estimate.value - slope) / scale
            if not np.isfinite(gap):
                return best
            best = gap if best is None else min(best, gap)
            if gap < GOOD:
                break
        return best

    def errors(
        self, version: Version, t: np.ndarray, along: np.ndarray, steps: Iterable[float]
    ) -> list[tuple[float, float]]:
        """(h, error) of central differences along a direction, for each step that could be replayed.

        h is the length of the displacement; the error is relative to the norm of the true gradient ``t``.
        """
        if not self.possible or t.size > LARGEST or not given(self.made, version):
            return []
        d, size, scale = along / _norm(along), max(1.0, self._size(version)), _norm(t)
        slope = float(np.vdot(t, d))
        found = []
        for h in (step * size for step in steps):
            try:
                value = two_point(lambda x: self._loss(version, x * d), h).value
            except (ReplayError, FloatingPointError):
                continue
            if np.isfinite(value):
                found.append((h, abs(value - slope) / scale))
        return found

    def _size(self, version: Version) -> float:
        value = np.asarray(_value(self.made, self.trial.recording.replay, version), float)
        return float(np.sqrt(np.mean(np.square(value)))) if value.size else 1.0

    def _loss(self, version: Version, displacement: np.ndarray) -> float:
        return self.loss_at([(version, displacement)])

    def loss_at(self, moves: Iterable[tuple[Version, np.ndarray]]) -> float:
        """The loss on the recorded batch with some parameters displaced. Raises `ReplayError`."""
        replay, window = self.trial.recording.replay, self.made.window
        state = window.fork()
        for version, displacement in moves:
            move(replay, state, version, displacement)
        total = 0.0
        for number, entries in enumerate(self.terms):  # each read before a later one can write over its operands
            replay.run(state, entries)
            if self.trial.head is not None:
                total += heads.value(self.trial.kind, self.trial.head, number, replay, state)
            else:
                total += float(np.sum(np.asarray(replay.load(state, self.trial.hypothesis.codes[number]), float)))
        return total

    def _terms(self) -> list[list[int]]:
        """For each term of the loss in program order, the entries to run from the term before to it."""
        h = self.trial.hypothesis
        ends = [e + (self.trial.head is None) for e in h.entries]
        cuts = [bisect_left(self.entries, e) for e in ends]
        return [self.entries[a:b] for a, b in zip([0, *cuts], cuts, strict=False)]


def certify(made: Judgement) -> dict[int, float]:
    """Relative gaps by id of the candidate, for the accepted trials."""
    out: dict[int, float] = {}
    for t in made.trials:
        certifier = Certifier(made, t)
        for number, m in enumerate(t.matches):
            if m.version.round_ == 0 and id(m.version.candidate) not in out and m.comparison.agreement != "zero":
                gap = certifier.gap(m.version, m.truth, number)
                if gap is not None:
                    out[id(m.version.candidate)] = gap
    return out


def elsewhere(made: Judgement) -> dict[tuple[int, int], tuple[Trial, Match]]:
    """Trials and matches at a jittered, scaled point of what is exact at the recorded one, by the ids of trial and
    candidate.

    The point counts only if some gradient is exact there too.
    """
    out: dict[tuple[int, int], tuple[Trial, Match]] = {}
    for t in made.trials:
        exact = {id(m.version.candidate): m for m in t.matches if m.exact and m.version.round_ == 0}
        if not exact or t.hypothesis.tail or made.extraction is None:
            continue
        for seed, amplitude in enumerate(AMPLITUDES):
            there = _at(made, t, amplitude, seed)
            if there is None:
                continue
            found = {id(m.version.candidate): m for m in there.matches if id(m.version.candidate) in exact}
            if any(m.exact and m.truth.size > 3 for m in found.values()):
                departs = {c: m for c, m in found.items() if m.comparison.agreement == "off" or _drifts(exact[c], m)}
                out.update({(id(t), c): (there, m) for c, m in departs.items()})
            break
    return out


def all_drift(made: Judgement, t: Trial) -> bool:
    """Whether at another point every gradient has another scale than here: then something else is descended."""
    exact = [m for m in t.matches if m.exact and m.comparison.scale and m.version.round_ == 0]
    there = [made.elsewhere.get((id(t), id(m.version.candidate))) for m in exact]
    return bool(exact) and all(found is not None and found[1].exact for found in there)


def _drifts(here: Match, there: Match) -> bool:
    """Whether the scale of a gradient depends on the parameters, though nothing limits it: a factor is missing."""
    a, b = here.comparison.scale, there.comparison.scale
    free = any(active for _, _, active in (*here.gradient.factors, *there.gradient.factors))
    free = free or bool(here.gradient.alternatives)
    return bool(a and b and there.exact and not free and not here.gradient.decay and abs(b / a - 1) > DRIFT)


def _at(made: Judgement, t: Trial, amplitude: float, seed: int) -> Trial | None:
    """The trial evaluated at another point; None where the script would have gone another way."""
    window = made.window
    replay = Replay(window.tape, True).without(t.hypothesis.guards)
    replay.guarded = True
    state = window.fork()
    rng = np.random.default_rng(seed)
    for v in window.versions:
        if v.round_ == 0 and v.index == 0 and v.candidate in made.parameters and given(made, v):
            value = np.asarray(_value(made, replay, v), float)
            spread = float(np.sqrt(np.mean(np.square(value)))) or 0.1
            move(replay, state, v, amplitude * (0.4 * value + 0.3 * spread * rng.standard_normal(value.shape)))
    last = max(u.entry for m in t.matches for u in m.version.candidate.rounds[m.version.round_]) + 1
    entries = [e for e in t.recording.entries if e < max(last, t.hypothesis.last)]
    recording = Recording(replay, state, _with_decisions(window, entries))
    try:
        recording.run()
    except ReplayError:
        return None
    if _is_frozen(made, t, recording, last):
        return None
    seeds = t.seeds if t.head is None else heads.seeds(t.kind, t.head, recording)
    if seeds is None:
        return None
    there = _shadow(made, recording)
    try:
        found = evaluate(there, t.hypothesis, list(seeds), recording, t.hypothesis.mask, t.kind)
    except ReplayError:
        return None
    if found is None or not all(np.all(np.isfinite(m.truth)) for m in found.matches):
        return None
    return found


def _is_frozen(made: Judgement, t: Trial, recording: Recording, end: int) -> bool:
    """Whether a function that is not followed, and on which loss or gradients depend, got other operands than in the
    run: what it gave then does not belong to this point.
    """
    window = made.window
    tape = window.tape
    targets = {tape.storage_of(m.gradient.code) for m in t.matches} | {tape.storage_of(c) for c in t.hypothesis.codes}
    known = set(recording.entries)
    for e in backward_slice(tape, targets, max(end, t.hypothesis.last), window.begin, window.barriers):
        if tape.templates[tape.entry_template[e]].kind == "opaque" and e in known:
            there, here = recording.operands(e)[0], t.recording.operands(e)[0]
            if not all(np.array_equal(a, b) for a, b in zip(there, here, strict=True)):
                return True
    return False


def _with_decisions(window: Window, entries: list[int]) -> list[int]:
    """The entries, the recorded decisions that depend on a parameter, and what those are made from."""
    tape = window.tape
    active = window.active()
    end = entries[-1] if entries else 0
    decisions: list[int] = []
    targets: set[int] = set()
    for number in range(window.begin, end):
        if tape.templates[tape.entry_template[number]].kind == "guard":
            storages = {tape.storage_of(c) for c in tape.entry(number)[1] if c & 3 != CONST}
            if storages & active:
                decisions.append(number)
                targets |= storages
    return sorted({*entries, *decisions, *backward_slice(tape, targets, end, window.begin)})


def _shadow(made: Judgement, recording: Recording) -> Judgement:
    """The same judgement with another recording under it."""
    ex = made.extraction
    assert ex is not None
    other = Extraction(recording, ex.masks, ex.states, ex.state_masks, ex.updates)
    return replace(made, recording=recording, extraction=other, trials=[], later=[], kept={})


def given(made: Judgement, version: Version) -> bool:
    """Whether the value exists when the window begins, so that it can be moved."""
    tape = made.window.tape
    return tape.storage_born[tape.storage_of(version.code)] < made.window.begin


def _value(made: Judgement, replay: Replay, version: Version) -> Any:
    return replay.load(made.window.base, version.code)


def move(replay: Replay, state: State, version: Version, displacement: np.ndarray) -> None:
    """Add a displacement to a parameter in a state of its own: a fork of the window's."""
    if version.code & 3 == 0:
        storage = version.code >> 2
        state.values[storage] = replay.load(state, version.code) + float(displacement)
    else:
        array = replay.load(state, version.code)
        array += np.reshape(displacement, array.shape)


def _norm(v: np.ndarray) -> float:
    return float(np.linalg.norm(v)) or 1.0
