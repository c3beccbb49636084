"""The gradient of an array is computed, and the array is never updated with it.

The training goes on with the other parameters, so the loss still falls, only not as far. The usual forms: the result
goes to another name (`db = b - rate * db`), a function returns the new value and nobody takes it, or one update is
missing from a list of many.

How it is proven: a value that nothing uses is an exact multiple of the true gradient of an array that the loss depends
on, or the array plus such a multiple; and no recorded step changes this array.

How to mend it: assign the new value to the parameter itself, `b -= rate * db`.

Looks like it and is fine: layers that are fixed on purpose, for which no gradient is computed, and the gradient with
respect to the inputs, which the first layer does not need.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..diagnose import unused
from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import StepView
from ..results import Finding, Fix

SLUG = "parameter-not-updated"
SEVERITY = "warning"
RANK = 60


def check(view: StepView) -> Iterator[Finding]:
    """One finding, where the gradient or the new value is computed."""
    found = view.once(unused.unused)
    if found is None:
        return
    born = view.named.get(found.storage)
    name = f"an array of {view.tape.storage_size(found.storage):,} numbers"
    if born is not None:
        name = re.split(r"\s*=", view.site(born).text)[0].strip() or name
    what = "its new value is computed and not used" if found.updates else "its gradient is computed and not used"
    yield finding_at(
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
