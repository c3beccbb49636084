"""A softmax subtracts the maximum of the whole batch, where each row needs its own.

Subtracting a number from a row leaves its probabilities as they are, so the result is right at first. But a row whose
scores all lie some 750 below the largest of the batch has nothing but zeros after the exponential: 0 / 0 is undefined,
and from there on every parameter is `nan`. This tends to happen late, when scores have grown.

How it is proven: the sums run over single rows, the largest exponential of the whole array is exactly 1, and that of
some row is not.

How to mend it: `scores - scores.max(axis=1, keepdims=True)`.

Looks like it and is fine: one sample at a time, where the whole array is its row.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnose import softmaxes
from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import StepView
from ..results import Finding, Fix

SLUG = "softmax-global-max"
SEVERITY = "warning"
RANK = 10


def check(view: StepView) -> Iterator[Finding]:
    """One finding, at the exponential."""
    for softmax in view.once(softmaxes.find):
        if softmax.shift != softmaxes.WHOLE_ARRAY or softmax.axes is None:
            continue
        least = min(softmax.peaks)
        rows = sum(p != 1 for p in softmax.peaks)
        yield finding_at(
            view.site_of(softmax.exponential),
            SLUG,
            "warning",
            message="this softmax subtracts the maximum of the whole batch instead of each row's own",
            label="one number was subtracted from all rows",
            related=[mark(view.site_of(softmax.division), "normalised row by row")],
            proof=[
                f"largest exponential: exactly 1 in the array, less in {rows:,} of its {len(softmax.peaks):,} rows",
                f"the least of them is {least:.3g}; a row more than 745 below the largest would be 0 / 0",
            ],
            effect="right while all rows have scores of one size; later a row can turn nan, and all parameters with it",
            fine_if="the rows' scores never lie far apart",
            evidence={"rows": rows, "least": least},
            fix=Fix("subtract each row's own maximum, keeping the axis: z - z.max(axis=..., keepdims=True)"),
            training=view.number,
        )
        return
