"""Most units of a rectifier are zero for every row, and were not when the training began.

Where a rectifier's operand is negative its output is zero and its derivative is too. A unit that is negative for every
row gets no gradient any more and stays as it is. A single large step can put a whole layer there.

How it is proven: the recorded steps are replayed with the parameters that they ended with; the units that are zero in
every row seen are counted and compared with the first step.

How to mend it: smaller steps, scaled inputs, initial weights of variance 2 / n, or a leaky rectifier.

Looks like it and is fine: zeros in some rows, which is what a rectifier is for, and units that were zero from the
start.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnose import activity, breakdown
from ..diagnose.places import finding_at
from ..diagnose.stepview import StepView
from ..results import Finding, Fix

SLUG = "dead-relu"
SEVERITY = "warning"
RANK = 30


def check(view: StepView) -> Iterator[Finding]:
    """One finding, at the rectifier that lost the most."""
    idle = breakdown.idle_layers(view)
    if not idle:
        return
    worst = max(idle, key=lambda layer: activity.idle_share(layer.after))
    (before, size), (after, all_of_them) = worst.idle(worst.before), worst.idle(worst.after)
    what = "entries" if worst.units is None else "units"
    yield finding_at(
        view.site_of(worst.entry),
        SLUG,
        "warning",
        message="after a few steps nearly nothing passes this rectifier any more",
        label=f"{after:,} of {all_of_them:,} {what} are zero in every row",
        proof=[
            f"{what} that are zero in every row: {before:,} of {size:,} at the first step",
            f"with the parameters after the recorded steps: {after:,} of {all_of_them:,}",
        ],
        effect="what is zero here gets no gradient: the weights below it stay as they are",
        fine_if="other rows, not seen in the recorded steps, still pass",
        evidence={"before": before, "after": after, "size": all_of_them},
        fix=Fix("take smaller steps or scale the inputs; a leaky rectifier keeps a gradient"),
        training=view.number,
    )
