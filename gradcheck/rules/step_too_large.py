"""The steps are too large: the gradients are right, and following them this far makes things worse.

A gradient tells the direction in which the loss falls, for a small step. A large one overshoots: the loss of the very
batch that it was computed from is higher afterwards. The usual causes are a learning rate that does not suit the scale
of the inputs, a sum over the batch where a mean was meant, and targets that are large numbers.

An error when a number that is not finite comes of it. A warning when the recorded batch, replayed with the parameters
after its own step, has a higher loss although the step goes downhill, and the later recorded steps do not mend it; or
when the step is longer than half the parameter itself and afterwards whole layers are idle.

How to mend it: divide the rate by the factor in the proof, or scale the inputs (and large targets) to about one.

Looks like it and is fine: a step that overshoots once while the training goes on to learn, a large rate that a batch
normalisation absorbs, and the loss of other batches, which may rise at any step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..diagnose import activity, breakdown, nonfinite, steps
from ..diagnose.places import finding_at
from ..diagnose.stepview import StepView
from ..results import Finding, Fix

SLUG = "step-too-large"
SEVERITY = "error"
RANK = 20


def check(view: StepView) -> Iterator[Finding]:
    """One finding, at the update that is the longest beside its parameter."""
    found = view.once(breakdown.too_large)
    done = view.once(steps.effect)
    if found is None or done is None:
        return
    version, length = found
    name = version.candidate.name
    broke = view.once(breakdown.cause) == "step"
    yield finding_at(
        view.site(version.update.site),
        SLUG,
        "error" if broke else "warning",
        message=_headline(done, name, length),
        label=_times(length, name),
        parameter=name,
        parameters=view.names([v.candidate for v, _ in done.moves]),
        proof=_proof(view, done),
        effect=_effect(view, broke),
        fine_if="" if broke else "later steps bring the loss down, and it was meant to begin like this",
        evidence={"length": length, "before": done.before, "after": done.after, "divisor": done.divisor},
        fix=Fix(_remedy(done)),
        training=view.number,
    )


def _headline(done: steps.Effect, name: str, length: float) -> str:
    if done.overshoots and not done.recovered:
        return "the step is too large: it raises the loss of the batch it was computed from"
    return f"the first step is {length:.2g} times as long as {name} itself"


def _times(length: float, name: str) -> str:
    return f"{length:.3g} times the length of {name}" if math.isfinite(length) else f"{name} begins at zero"


def _proof(view: StepView, done: steps.Effect) -> list[str]:
    lines = []
    if done.overshoots:
        lines.append(f"loss of the recorded batch: {done.before:.4g} before its own step, {done.after:.4g} after it")
        lines.append(f"divided by {done.divisor:,}, the same step lowers it: the direction is right")
        if done.last is not None:
            lines.append(f"with the parameters after all recorded steps: {done.last:.4g}")
    for layer in breakdown.idle_layers(view):
        lines.append(f"line {view.site_of(layer.entry).line}: {_idle(layer)}")
    found = view.once(nonfinite.origin)
    if found is not None:
        lines.append(f"line {view.site_of(found.entry).line}: not finite from step {found.step + 1} on")
    return lines


def _idle(layer: activity.Layer) -> str:
    before = activity.idle_share(layer.before)
    after = activity.idle_share(layer.after)
    return f"{before:.1%} of the entries are zero at first, {after:.1%} after the recorded steps"


def _effect(view: StepView, broke: bool) -> str:
    if broke:
        return "the values grow with every step until they are no numbers any more"
    if breakdown.idle_layers(view):
        return "a layer that is idle sends no gradient back: what lies below it stops learning"
    return "the loss rises or jumps about although every gradient is right"


def _remedy(done: steps.Effect) -> str:
    if done.overshoots and done.divisor is not None:
        return f"divide the learning rate by {done.divisor:,} or more, or scale the inputs to about one"
    return "use a smaller learning rate, or scale the inputs to about one"
