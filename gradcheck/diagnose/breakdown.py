"""Why a training broke down: which of several findings is the cause, so that one mistake gives one finding."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ..step.window import Version
from . import activity, nonfinite, softmaxes, steps
from .stepview import StepView

Cause = Literal["softmax", "logarithm", "step", "operation"]
LARGE = 0.5  # length of a step relative to the parameter
MOSTLY = 0.5  # share of values at a bound
CURED = 0.2  # of that share, what may be left


def cause(view: StepView) -> Cause | None:
    """What made the first number that is not finite; None where all that counts stays finite."""
    found = view.once(nonfinite.origin)
    if found is None:
        return None
    template = view.tape.templates[view.tape.entry_template[found.entry]]
    if template.fn in softmaxes.EXPONENTIALS and np.any(np.isposinf(found.result)) and softmax_of(view, found.entry):
        return "softmax"
    if template.fn in softmaxes.LOGARITHMS and np.any(np.asarray(found.operands[0]) == 0):
        return "logarithm"
    done = view.once(steps.effect)
    if done is not None and found.step > 0 and done.overshoots and not done.recovered:
        return "step"
    return "operation"


def softmax_of(view: StepView, exponential: int) -> softmaxes.Softmax | None:
    """The softmax that an exponential belongs to."""
    place = view.tape.entry_template[exponential]
    found = view.once(softmaxes.find)
    return next((s for s in found if view.tape.entry_template[s.exponential] == place), None)


def idle_layers(view: StepView) -> list[activity.Layer]:
    """Rectifiers that most units of which went idle in the recorded steps."""
    return [layer for layer in view.once(activity.layers) if layer.rectifies and activity.dead(layer)]


def saturated(view: StepView) -> activity.Layer | None:
    """The sigmoid or hyperbolic tangent that most values of which are at a bound in the first step."""
    squashing = [layer for layer in view.once(activity.layers) if not layer.rectifies]
    worst = max(squashing, key=lambda layer: activity.idle_share(layer.before), default=None)
    return worst if worst is not None and activity.idle_share(worst.before) > MOSTLY else None


def too_large(view: StepView) -> tuple[Version, float] | None:
    """The parameter whose first step is the longest beside its own length, if the steps are too large.

    They are when the loss of the recorded batch rises through its own step and does not come down again, or when one is
    longer than half the parameter and then numbers are not finite or layers idle.
    """
    done = view.once(steps.effect)
    if done is None:
        return None
    shares = [(v, steps.share(view, v, d)) for v, d in done.moves]
    finite = [(v, s) for v, s in shares if math.isfinite(s)] or shares
    longest = max(finite, key=lambda vs: vs[1])
    if done.overshoots and not done.recovered:
        return longest
    if LARGE < longest[1] < math.inf and (idle_layers(view) or view.once(nonfinite.origin) is not None):
        return longest
    return None
