"""What a recorded step does to the loss of its own batch: replayed with the parameters after it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..replay.adjoint import Recording
from ..replay.forward import ReplayError
from ..step import heads
from ..step.hypotheses import Seeds
from ..step.probe import Certifier, given
from ..step.trials import Match, Trial
from ..step.window import Version
from ..tape import VIEW
from .stepview import StepView

Moves = list[tuple[Version, np.ndarray]]
HALVINGS = 40
RISES = 1e-3  # relative rise of the loss that counts as one
MOST_WORK = 400_000  # entries of one forward pass


@dataclass(frozen=True, slots=True)
class Effect:
    """One step of one trial, on the batch that it was computed from.

    ``before`` and ``after`` are the loss with the parameters before and after it (``last``: after all recorded steps,
    None where unknown); ``moves`` the step, ``slope`` its product with the true gradient; ``divisor`` the power of two
    by which the step must be divided before the loss falls, None where it never does.
    """

    trial: Trial
    certifier: Certifier
    moves: Moves
    slope: float
    before: float
    after: float
    last: float | None
    divisor: int | None

    @property
    def overshoots(self) -> bool:
        """Whether the loss of the batch is higher after its own step although the step goes downhill."""
        return _rises(self.before, self.after) and self.divisor is not None

    @property
    def recovered(self) -> bool:
        """Whether the recorded steps together did lower the loss of the batch."""
        return self.last is not None and math.isfinite(self.last) and self.last < self.before


def effect(view: StepView) -> Effect | None:
    """The effect of the first judged step; None where it cannot be replayed or its gradients are not right."""
    if not view.made.trials or view.unwritten:
        return None
    trial = view.made.trials[0]
    verdicts = [v.verdict for v in view.verdicts.values()]
    matches = [m for m in trial.matches if m.version.round_ == 0 and m.version.index == 0]
    if "wrong" in verdicts or not matches or not all(given(view.made, m.version) for m in matches):
        return None
    certifier = Certifier(view.made, trial)
    if not certifier.possible or len(certifier.entries) > MOST_WORK:
        return None
    moves: Moves = [(m.version, np.asarray(m.gradient.step, float)) for m in matches]
    if any(d.size != m.truth.size for m, (_, d) in zip(matches, moves, strict=True)):
        return None
    slope = sum(float(np.vdot(m.truth, np.reshape(d, m.truth.shape))) for m, (_, d) in zip(matches, moves, strict=True))
    if slope == 0 or not math.isfinite(slope):
        return None
    try:
        return _measured(view, trial, certifier, matches, moves, slope)
    except ReplayError:
        return None


def _measured(
    view: StepView, trial: Trial, certifier: Certifier, matches: list[Match], moves: Moves, slope: float
) -> Effect | None:
    sign = 1.0 if slope < 0 else -1.0  # an objective that is climbed falls when its sign is changed

    def loss(scale: float) -> float:
        return sign * certifier.loss_at([(v, scale * d) for v, d in moves])

    with np.errstate(all="ignore"):
        before, after = sign * recorded(trial, trial.recording, trial.seeds), loss(1.0)
        if not math.isfinite(before):
            return None
        if not _rises(before, after):
            return Effect(trial, certifier, moves, slope, before, after, None, 1)
        last = last_moves(view, matches)
        final = None if last is None else sign * certifier.loss_at(last)
        divisor = next((2**k for k in range(1, HALVINGS) if loss(0.5**k) < before), None)
    return Effect(trial, certifier, moves, slope, before, after, final, divisor)


def recorded(trial: Trial, recording: Recording, seeds: Seeds) -> float:
    """The loss of a trial at the values of a recording, of which ``seeds`` are the derivatives at its head."""
    if trial.head is not None:
        return heads.recorded(trial.kind, trial.head, seeds, recording)
    load = recording.replay.load
    return sum(float(np.sum(np.asarray(load(recording.state, c), float))) for c in trial.hypothesis.codes)


def _rises(before: float, after: float) -> bool:
    return not math.isfinite(after) or after > before + RISES * max(abs(before), 1e-12)


def last_moves(view: StepView, matches: list[Match]) -> Moves | None:
    """From the values before the first step to those after all recorded ones; None where some are not known."""
    found: Moves = []
    for m in matches:
        now = last_value(view, m.version.candidate)
        then = np.asarray(value_before(view, m.version), float)
        if now is None or np.size(now) != then.size:
            return None
        found.append((m.version, np.reshape(np.asarray(now, float), then.shape) - then))
    return found


def last_value(view: StepView, candidate: Any) -> Any:
    """What a parameter held when the recorded steps were over; None where that is not known."""
    tape = view.tape
    code = candidate.region if candidate.whole else candidate.rounds[-1][-1].new
    value = view.last.get(tape.storage_of(candidate.rounds[-1][-1].new))
    if value is None or code & 3 != VIEW:
        return value
    _, offset, layout = tape.views[code >> 2]
    shape, strides, _ = tape.layouts[layout]
    if tuple(s // value.itemsize for s in value.strides) != tape.layouts[tape.storage_layout[tape.storage_of(code)]][1]:
        return None
    steps = tuple(s * value.itemsize for s in strides)
    return np.ndarray(shape, value.dtype, value, offset * value.itemsize, steps)


def value_before(view: StepView, version: Version) -> Any:
    """A parameter's value when the judged steps begin."""
    assert view.made.recording is not None
    return view.made.recording.replay.load(view.made.window.base, version.code)


def share(view: StepView, version: Version, displacement: np.ndarray) -> float:
    """The length of a displacement relative to the parameter's own; infinite for a parameter of zeros."""
    size = float(np.linalg.norm(np.asarray(value_before(view, version), float)))
    return float(np.linalg.norm(displacement)) / size if size else math.inf
