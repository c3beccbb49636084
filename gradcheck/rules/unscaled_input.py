"""The inputs are large numbers, such as pixels from 0 to 255, where the weights expect about one.

The gradient of a weight is proportional to the input that it meets, so the step of the first layer is as many times too
large as the inputs are, while the other layers' steps are not: no single learning rate suits both. Sums of large
numbers also saturate what comes after.

A warning together with steps that are too large, or with sigmoids and hyperbolic tangents at their bounds, if dividing
the input would cure them: the recorded step is replayed that way, with the true gradients there and the script's own
rates. Otherwise a note with the range.

How to mend it: divide by the largest value (`images / 255`), or subtract the mean and divide by the standard deviation,
with the numbers of the training set.

Looks like it and is fine: one-hot vectors, counts of a few, and inputs that the script scales between here and there.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnose import activity, breakdown, inputs
from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import StepView
from ..results import Finding, Fix

SLUG = "unscaled-input"
SEVERITY = "warning"
RANK = 30
LARGEST = 30.0
SPREAD = 10.0


def check(view: StepView) -> Iterator[Finding]:
    """One finding, where the data with the widest range got its name."""
    large = [i for i in view.once(inputs.inputs) if i.largest > LARGEST and i.spread > SPREAD]
    if not large:
        return
    widest = max(large, key=lambda i: i.spread)
    same = [i for i in large if i.storage == widest.storage]
    cured = _cured(view, same, widest.largest)
    site = view.site(widest.site) if widest.site >= 0 else view.site_of(widest.entry)
    name = widest.version.candidate.name
    related = [mark(view.site_of(widest.entry), f"meets {name}")] if widest.site >= 0 else []
    yield finding_at(
        site,
        SLUG,
        "warning" if cured else "note",
        message=f"the inputs range from {widest.low:.4g} to {widest.high:.4g}; weights expect about one",
        label="not scaled between here and the first weights",
        parameter=name,
        parameters=view.names([i.version.candidate for i in same]),
        related=related,
        proof=[f"where they meet {name}: {widest.low:.4g} to {widest.high:.4g}, root mean square {widest.spread:.3g}"]
        + cured,
        effect="this is what stops the training here" if cured else "it slows the training",
        fine_if="the rate was chosen for inputs of this size" if cured else "",
        evidence={"low": widest.low, "high": widest.high, "spread": widest.spread},
        fix=Fix(f"divide the inputs by {widest.largest:.4g}, or subtract their mean and divide by their deviation"),
        training=view.number,
    )


def _cured(view: StepView, same: list[inputs.Input], by: float) -> list[str]:
    """What would be with scaled inputs, where that cures steps that are too large or saturation; else nothing."""
    if view.once(breakdown.too_large) is not None:
        return _smaller_steps(view, same, by)
    layer = breakdown.saturated(view)
    if layer is None:
        return []
    share = activity.idle_share(layer.before)
    now = inputs.idle_with_scaled_input(view, same, by, layer)
    if now is None or now > breakdown.CURED * share:
        return []
    line = view.site_of(layer.entry).line
    return [f"values at a bound in line {line}: {share:.0%}; with the inputs divided by {by:.4g}: {now:.0%}"]


def _smaller_steps(view: StepView, same: list[inputs.Input], by: float) -> list[str]:
    found = view.once(breakdown.too_large)
    tried = inputs.step_with_scaled_input(view, same, by)
    if found is None or tried is None:
        return []
    lengths, falls = tried
    version, length = found
    now = lengths.get(id(version.candidate), length)
    if not falls or now > breakdown.LARGE:
        return []
    name = version.candidate.name
    return [f"step of {name} relative to itself: {length:.3g}; with the inputs divided by {by:.4g}: {now:.2g}"]
