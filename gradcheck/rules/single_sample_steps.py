"""Every step is made from one sample, and the steps are too large for that.

The gradient of one sample is a noisy estimate of that of all of them. With small steps the noise averages out; with
steps as large as these each sample undoes what the one before it did.

A note beside `step-too-large`, where the data that the first weights meet holds one sample a step out of many.

How to mend it: average the gradient over a batch of samples, or divide the rate.

Looks like it and is fine: one sample a step at a small rate, which is plain stochastic descent.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnose import breakdown, inputs
from ..diagnose.places import finding_at
from ..diagnose.stepview import StepView
from ..results import Finding, Fix

SLUG = "single-sample-steps"
SEVERITY = "note"
RANK = 80
FEWEST = 8


def check(view: StepView) -> Iterator[Finding]:
    """One note, at the update that is too large."""
    found = view.once(breakdown.too_large)
    rows = view.once(inputs.single_rows)
    if found is None or rows is None or rows < FEWEST:
        return
    version, _ = found
    yield finding_at(
        view.site(version.update.site),
        SLUG,
        "note",
        message="every step is made from a single sample",
        label="one sample a step",
        parameter=version.candidate.name,
        parameters=[version.candidate.name],
        proof=[f"the first step reads one of the {rows:,} samples, the next step another one"],
        effect="single samples pull in different directions; large steps follow each of them in turn",
        evidence={"samples": rows},
        fix=Fix("average the gradient over a batch, or divide the rate"),
        training=view.number,
    )
