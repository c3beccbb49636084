"""The gradient is divided by the batch size twice.

The mean over a batch needs one division. A second one (in the error and again in the update, or by the product of two
numbers that are both the batch size) makes every step smaller by the batch size: training crawls, and the larger the
batch the slower. A rate that makes up for it has to be changed with the batch size.

How it is proven: each update is compared with the true gradient of the loss; up to the learning rate it is exactly the
gradient of the mean divided once more by the number of samples in the batch.

How to mend it: drop one of the two divisions, and divide the rate by the batch size to keep the step that you have.

Looks like it and is fine: a mean over the batch and over the outputs of a sample; a factor of two or one half from the
square of an error.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnose.batchscale import BatchScale, batch_scale, divides
from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import StepView
from ..results import Finding, Fix
from ..step.flow import backward_slice

SLUG = "batch-scale-double-mean"
SEVERITY = "warning"
RANK = 500


def check(view: StepView) -> Iterator[Finding]:
    """One finding for a training whose steps are divided by the batch size twice."""
    found = batch_scale(view)
    if found is not None and found.power == 2:
        yield _finding(view, found)


def _finding(view: StepView, found: BatchScale) -> Finding:
    size, names = found.size, view.names([v.candidate for v in found.verdicts])
    first, second = _divisions(view, found)
    update = found.verdicts[0].candidate.rounds[0][-1].site
    return finding_at(
        view.site_of(second) if second is not None else view.site(update),
        SLUG,
        "warning",
        message="the gradient is divided by the batch size twice",
        label=f"divides by {size} x {size}" if first == second and first is not None else f"divides by {size} again",
        parameter=names[0],
        parameters=names,
        related=[mark(view.site_of(first), f"divides by {size}")] if first is not None and first != second else [],
        proof=[
            f"step / (rate x gradient of the sum) is exactly 1/{size * size} = 1/{size}^2",
            f"step / (rate x gradient of the mean) is exactly 1/{size}, the batch size once more",
        ],
        effect=f"every step is {size} times smaller than the rate says, and the larger the batch the smaller",
        evidence={"batch_size": size, "ratio": 1.0 / size},
        fix=Fix(f"divide once; a rate of 1/{size} of today's keeps today's step"),
        training=view.number,
    )


def _divisions(view: StepView, found: BatchScale) -> tuple[int | None, int | None]:
    """The entries of the backward pass that divide by the batch the first and the second time."""
    tape = view.tape
    update = found.verdicts[0].candidate.rounds[0][-1]
    targets = {tape.storage_of(c) for c in (*update.increments, update.new)}
    entries = backward_slice(tape, targets, update.entry + 1, view.made.window.begin)
    counted = 0
    first: int | None = None
    for entry in entries:
        times = divides(view, entry, found.size, 1)
        counted += times
        if times > 0 and first is None:
            first = entry
        if counted >= 2:
            return first, entry
    return first, first if counted == 1 and found.own == 1 else None
