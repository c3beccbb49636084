"""A sigmoid or a hyperbolic tangent is at its bounds for most of its values, from the first step on.

There its derivative is zero to six digits, so hardly any gradient passes: the training stands still although every
gradient is right. The usual causes are inputs that are not scaled and initial weights that are too large.

How it is proven: the values of the first recorded step are counted; the proof gives the share within 1e-6 of a bound.

How to mend it: scale the inputs to about one, and draw the weights with a deviation of 1 / sqrt(n) for n inputs.

Looks like it and is fine: outputs near the bounds at the end of a training that has learned its data.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnose import activity, breakdown
from ..diagnose.places import finding_at
from ..diagnose.stepview import StepView
from ..results import Finding, Fix

SLUG = "saturated-output"
SEVERITY = "note"
RANK = 70


def check(view: StepView) -> Iterator[Finding]:
    """One note, at the function that is saturated the most."""
    worst = breakdown.saturated(view)
    if worst is None:
        return
    share = activity.idle_share(worst.before)
    size = sum(a.size for a in worst.before)
    yield finding_at(
        view.site_of(worst.entry),
        SLUG,
        "note",
        message=f"{share:.0%} of these values are at a bound from the first step on",
        label="no gradient passes at a bound",
        proof=[f"{round(share * size):,} of {size:,} values are within 1e-6 of a bound in the first recorded step"],
        effect="the derivative is zero there: what lies below hardly learns",
        evidence={"share": share, "size": size},
        fix=Fix("scale the inputs, or begin with smaller weights"),
        training=view.number,
    )
