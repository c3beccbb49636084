"""The minibatches of an epoch overlap, leave rows out, or the last has the divisor of another size.

Slices `X[i:i + size]` cover the data once when `i` goes up by `size`. Smaller steps use most rows several times in an
epoch (an epoch is then several, and the rate per epoch with it); larger ones never use the rows between. A last batch
that is shorter than the others and still divided by the full size counts for less.

How it is proven: the rows of each recorded step are followed back to the data set: consecutive slices begin a constant
number of rows apart that is not their length. For the divisor: the division stands in the path of the gradient and
still has the full size where the rows of the step are fewer.

How to mend it: let the loop step by the batch size, and divide by `len(batch)`.

Looks like it and is fine: rows that are left over at the end of an epoch because the batch size does not divide their
number; windows of a time series; batches drawn at random.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..diagnose import batches
from ..diagnose.batchscale import divides
from ..diagnose.places import finding_at
from ..diagnose.stepview import StepView
from ..results import Finding, Fix
from ..step.chains import Chain
from ..step.pairing import pairing, picked_at
from ..step.provenance import PRODUCTS
from ..step.rows import Rows
from ..tape import CONST

SLUG = "minibatch-coverage"
SEVERITY = "warning"
RANK = 910
FEWEST_STEPS = 3


def check(view: StepView) -> Iterator[Finding]:
    """At most one finding: the slices first, then the divisor of a shorter batch."""
    rows = view.made.rows
    if rows is None or rows.place is None or rows.key is None or not _independent(view, rows):
        return
    steps = [_consecutive(rows, epoch) for epoch in (0, 1)]
    found = _apart(steps[0])
    again = _apart(steps[1]) if len(steps[1]) >= FEWEST_STEPS else found
    if found is not None and found == again and found[0] != found[1]:
        yield _slices(view, rows, *found)
        return
    yield from _divisor(view, rows)


def _chain(rows: Rows, step: int) -> Chain | None:
    return None if rows.place is None or rows.key is None else rows.place.chain(step, rows.key)


def _consecutive(rows: Rows, epoch: int) -> list[Chain]:
    """The rows of the first steps of an epoch, up to the first one that was not followed."""
    out: list[Chain] = []
    for n, step in enumerate(rows.steps):
        chain = _chain(rows, n)
        if step.epoch == epoch and chain is not None and step.number == len(out):
            out.append(chain)
    return out


def _independent(view: StepView, rows: Rows) -> bool:
    """Whether the rows of a step are samples: they are multiplied as rows of one matrix, and meet their targets."""
    if rows.place is None or rows.first is None or batches.carries_state(view):
        return False
    template, inputs, _ = view.tape.entry(rows.place.entry)
    if template.fn not in PRODUCTS or len(view.tape.shape_of(inputs[rows.place.position])) != 2:
        return False
    targets = [c for p in rows.targets for c in p.chains[0].values() if rows.apart(c, 0)]
    return any((found := pairing(rows.first, c)) is not None and found.share == 1.0 for c in targets)


def _apart(steps: list[Chain]) -> tuple[int, int] | None:
    """(rows between the beginnings of slices, their length) where both are constant over an epoch."""
    if len(steps) < FEWEST_STEPS or len(steps[0].origin.ids) < 2:
        return None
    for level in steps[0].levels:
        ids = [v.ids for c in steps for v in c.levels if v.key == level.key]
        if len(ids) < len(steps) or not all(np.all(np.diff(i) == 1) for i in ids):
            continue
        between = {int(b[0] - a[0]) for a, b in zip(ids, ids[1:], strict=False)}
        lengths = {len(i) for i in ids[:-1]}
        if len(between) == len(lengths) == 1 and min(between) > 0:
            return between.pop(), lengths.pop()
    return None


def _slices(view: StepView, rows: Rows, between: int, length: int) -> Finding:
    assert rows.place is not None and rows.key is not None
    overlap = between < length
    if overlap:
        message = f"the minibatches overlap: {length} rows each, begun {between} apart"
        effect = f"an epoch uses most rows about {length / between:.3g} times"
    else:
        message = f"the minibatches leave rows out: {length} rows each, begun {between} apart"
        effect = f"{between - length} of every {between} rows are not used in an epoch"
    return finding_at(
        view.site(picked_at(rows, rows.place, rows.key)),
        SLUG,
        "warning",
        message=message,
        label=f"{length} rows",
        parameters=view.names(view.made.parameters),
        proof=[f"the recorded slices have {length} rows and begin {between} rows apart"],
        effect=effect,
        evidence={"length": length, "apart": between},
        fix=Fix(f"step by {length}, the length of a slice"),
        training=view.number,
    )


def _divisor(view: StepView, rows: Rows) -> Iterator[Finding]:
    """A shorter batch whose gradient is divided by the size of the others."""
    tape = view.tape
    size = view.made.batch_size or 0
    chains = [(n, c) for n in range(len(rows.steps)) if (c := _chain(rows, n))]
    short = [(n, c) for n, c in chains if len(c.origin.ids) < size]
    if not short or len(short) == len(chains) or size < 3:  # none is of that size: rows are repeated, or gathered
        return
    first = rows.steps[0]
    updates = min(u.entry for c in view.made.parameters for u in c.rounds[0])
    for entry in sorted(view.made.path):
        if not first.begin <= entry <= updates or divides(view, entry, size, 1) != 1:
            continue
        n, chain = short[0]
        step, template = rows.steps[n], tape.entry_template[entry]
        later = [e for e in range(step.begin, step.end) if tape.entry_template[e] == template]
        if any(_constants(view, e) & {size, 1 / size} for e in later):
            yield finding_at(
                view.site_of(entry),
                SLUG,
                "warning",
                message=f"a batch of {len(chain.origin.ids)} rows is divided by {size}",
                label=f"divides by {size} whatever the batch holds",
                parameters=view.names(view.made.parameters),
                proof=[f"step {n + 1} trains on {len(chain.origin.ids)} rows and divides by {size}"],
                effect="the rows of the shorter batch count for less than the others",
                evidence={"rows": len(chain.origin.ids), "divisor": size},
                fix=Fix("divide by the number of rows of the batch at hand"),
                training=view.number,
            )
            return


def _constants(view: StepView, entry: int) -> set[float]:
    values = [view.tape.constants[c >> 2] for c in view.tape.entry(entry)[1] if c & 3 == CONST]
    return {float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)}
