"""The step is the sum over the batch at a rate that does not know the batch size.

The gradient of a sum grows in proportion to the number of samples, so a rate that is right for batches of 20 is twenty
times too large for batches of 400. The direction is right at every size; only the length changes.

How it is proven: each update is compared with the true gradient of the loss. Up to the learning rate it is exactly the
gradient of the sum over the batch, while the script reports the mean (or no loss at all) and takes a part of the data
at a time.

How to mend it: take the mean where the sum is taken, or divide the rate by the batch size, and multiply the rate by
today's batch size to keep the step that you have.

Looks like it and is fine: a loss that is itself reported as a sum; a rate that is divided by the batch size; the whole
data set in every step.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnose.batchscale import BatchScale, batch_scale, own_divisions
from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import StepView
from ..results import Finding, Fix
from ..step.trials import Trial

SLUG = "batch-scale-sum"
SEVERITY = "warning"
RANK = 500
SAME = 1e-9


def check(view: StepView) -> Iterator[Finding]:
    """One finding for a training whose steps are sums over a part of the data."""
    rows = view.made.rows
    found = batch_scale(view)
    if rows is None or rows.total is None or found is None or found.power != 0 or not found.size < rows.total:
        return
    own = found.trial.hypothesis.source != "inferred"
    if (own and (found.own != 1 or _sum_is_kept(view, found.trial, found.size))) or (not own and _fits_a_scalar(view)):
        return
    yield _finding(view, found, own)


def _fits_a_scalar(view: StepView) -> bool:
    """Whether some scalar of the script has exactly these gradients: then the sum is what it descends."""
    return any(
        t.hypothesis.source == "own" and t.full and all(abs(abs(m.unit or 1.0) - 1) < SAME for m in t.matches)
        for t in view.made.considered
    )


def _sum_is_kept(view: StepView, trial: Trial, size: int) -> bool:
    """Whether the sum that the reported mean is made from stands on a line of its own."""
    tape = view.tape
    counted = own_divisions(view, trial, size, 1)
    for entry in counted[1] if counted is not None else ():
        active = [c for c in tape.entry(entry)[1] if view.made.window.masks.of(c)]
        born = tape.storage_born[tape.storage_of(active[0])] if active else -1
        if born >= 0 and tape.shape_of(active[0]) == ():
            one, other = view.site_of(entry), view.site_of(born)
            if (one.file, one.line) != (other.file, other.line):
                return True
    return False


def _finding(view: StepView, found: BatchScale, own: bool) -> Finding:
    sites = list(dict.fromkeys(v.candidate.rounds[0][-1].site for v in found.verdicts))
    sites.sort(key=lambda s: (view.site(s).file, view.site(s).line))
    names = view.names([v.candidate for v in found.verdicts])
    loss = view.loss_site()
    related = [mark(view.site(s), "and here") for s in sites[1:3]]
    if own and loss is not None:
        related.append(mark(loss, "the loss is reported as a mean"))
    return finding_at(
        view.site(sites[0]),
        SLUG,
        "warning",
        message="the step grows in proportion to the batch size",
        label="adds the sum over the batch, at a fixed rate",
        parameter=names[0],
        parameters=names,
        related=related,
        proof=[f"step / (rate x gradient of the mean) is exactly {found.size}, the batch size, for {_names(names)}"],
        effect=f"a rate tuned for batches of {found.size} is twice too large for batches of {2 * found.size}",
        fine_if="the sum is meant and the rate was chosen for one fixed batch size",
        evidence={"batch_size": found.size, "ratio": float(found.size)},
        fix=Fix(f"take the mean over the batch; multiply the rate by {found.size} to keep today's step"),
        training=view.number,
    )


def _names(names: list[str]) -> str:
    return ", ".join(names) if len(names) < 4 else f"{names[0]} and {len(names) - 1} more"
