"""An array that the loss depends on never changes: its gradient is not used, or is zero by mistake.

The training goes on with the other parameters, so the loss still falls, only not as far. The usual forms: the result
goes to another name (`db = b - rate * db`), a function returns the new value and nobody takes it, one update is
missing from a list of many, or one gradient is never stored in the list of zeros that was made for it.

How it is proven: a value that nothing uses is an exact multiple of the true gradient of an array that the loss depends
on, or the array plus such a multiple; or what is added to it is zero and its true gradient is not. No recorded step
changes this array.

How to mend it: assign the new value to the parameter itself, `b -= rate * db`; store every gradient.

Looks like it and is fine: layers that are fixed on purpose, for which no gradient is computed or which have a rate of
zero, and the gradient with respect to the inputs, which the first layer does not need.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from ..diagnose import steps, unused
from ..diagnose.jury import Verdict, stands_still
from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import StepView
from ..results import Finding, Fix
from ..step.probe import given

SLUG = "parameter-not-updated"
SEVERITY = "warning"
RANK = 60


def check(view: StepView) -> Iterator[Finding]:
    """What stands still although it is updated, and the first gradient or new value that is thrown away."""
    still = [v for v in view.verdicts.values() if v.match is not None and stands_still(v.match) and _unchanged(view, v)]
    if still:
        yield _of_zeros(view, still)
    found = view.once(unused.unused)
    if found is not None:
        yield _thrown_away(view, found)


def _unchanged(view: StepView, v: Verdict) -> bool:
    """Whether a parameter holds after all recorded steps what it held before them."""
    last = steps.last_value(view, v.candidate)
    if v.match is None or last is None or not given(view.made, v.match.version):
        return False
    return np.array_equal(np.ravel(last), np.ravel(steps.value_before(view, v.match.version)))


def _of_zeros(view: StepView, still: list[Verdict]) -> Finding:
    names = view.names([v.candidate for v in still])
    norms = [float(np.linalg.norm(v.match.truth)) for v in still if v.match is not None]
    return finding_at(
        view.site(still[0].candidate.first.site),
        SLUG,
        "warning",
        message=f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} never updated: what the updates add is zero",
        label="adds zeros",
        parameter=names[0],
        parameters=names,
        proof=[
            *(f"the norm of the true gradient of {n} is {norm:.3g}" for n, norm in zip(names[:4], norms, strict=False)),
            "no recorded step changes it" if len(names) == 1 else "no recorded step changes them",
        ],
        effect="the other parameters learn around it",
        fine_if="it is fixed on purpose",
        evidence={"norms": norms},
        fix=Fix("store the gradient where the update reads it"),
        training=view.number,
    )


def _thrown_away(view: StepView, found: unused.Unused) -> Finding:
    """One finding, where the gradient or the new value is computed."""
    born = view.named.get(found.storage)
    name = f"an array of {view.tape.storage_size(found.storage):,} numbers"
    if born is not None:
        name = re.split(r"\s*=", view.site(born).text)[0].strip() or name
    what = "its new value is computed and not used" if found.updates else "its gradient is computed and not used"
    return finding_at(
        view.site_of(found.entry),
        SLUG,
        "warning",
        message=f"{name} is never updated: {what}",
        label="nothing reads this",
        parameter=name if born is not None else None,
        parameters=[name] if born is not None else [],
        related=[mark(view.site(born), "what stays as it is")] if born is not None else [],
        proof=[
            f"the value is {found.scale:.4g} times the true gradient"
            + (", added to what it was" if found.updates else "")
            + f", whose norm is {found.norm:.3g}",
            "no recorded step changes it",
        ],
        effect="the other parameters learn around it",
        fine_if="it is fixed on purpose",
        evidence={"scale": found.scale, "norm": found.norm},
        fix=Fix("assign the new value to the parameter itself"),
        training=view.number,
    )
