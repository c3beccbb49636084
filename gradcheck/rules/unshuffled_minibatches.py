"""The minibatches are the same slices of the data, in the same order, in every epoch.

A minibatch stands for the whole data set only when its rows are a random sample. Fixed slices of data that is sorted
(by class, by time, by file) give batches that pull in one direction after the other, and the loss goes up and down with
the period of an epoch. Fixed slices of data in random order do less harm: each epoch repeats the same noise.

How it is proven: the rows of each recorded step are followed back to the data set, through slices, gathers and copies,
over two epochs. They are the same rows, one slice after the other. Whether the labels are in an order is told by how
often neighbours are alike, in standard deviations from chance.

How to mend it: draw a new permutation in every epoch and take the slices through it:
`order = np.random.permutation(len(X))`, then `X[order[a:b]]` and `y[order[a:b]]`.

Looks like it and is fine: the whole data set in every step; sequences in their order with a state that is carried from
batch to batch; data that was permuted once before the training. Data that the script drew at random is a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..diagnose import batches
from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import StepView
from ..results import Finding, Fix
from ..step.pairing import picked_at
from . import mispaired_samples

SLUG = "unshuffled-minibatches"
SEVERITY = "warning"
RANK = 900
NEAR = 4  # lines


def check(view: StepView) -> Iterator[Finding]:
    """One finding where two epochs hold the same slices."""
    rows = view.made.rows
    if rows is None or rows.place is None or rows.key is None or rows.total is None:
        return
    size, total = view.made.batch_size or 0, rows.total
    found = batches.epochs(rows)
    if found is None or not 0 < size < total or total < batches.FEWEST_ROWS:
        return
    if not found.same or not found.in_slices or batches.carries_state(view):
        return
    if next(mispaired_samples.check(view), None) is not None:  # a permutation that the inputs missed: told there
        return
    order = batches.label_order(view)
    if not order:
        return
    steps = [c.origin.ids for c in list(found.first.values())[:3]]
    spans = ", ".join(f"{i[0]}..{i[-1]}" if len(i) > 1 else f"{i[0]}" for i in steps)
    taken = view.site(picked_at(rows, rows.place, rows.key))
    bounds = _bounds(view, taken)
    yield finding_at(
        bounds or taken,
        SLUG,
        "note" if order == "drawn" else "warning",
        message="the minibatches are the same slices in the same order in every epoch",
        label="the same bounds in every epoch" if bounds else f"rows {spans}, ... in every epoch",
        parameters=view.names(view.made.parameters),
        related=[mark(taken, f"takes rows {spans}, ... in order")] if bounds else [],
        proof=[
            f"rows of the {total:,}, epoch 1: {spans}, ...   epoch 2: {spans}, ...",
            _order(order),
        ],
        effect=_effect(order),
        fine_if="the order of the rows matters, or the data was shuffled before it got here",
        evidence={"batch_size": size, "rows": total, "label_order": order},
        fix=Fix("draw a permutation in each epoch and take the rows of inputs and targets through it"),
        training=view.number,
    )


def _bounds(view: StepView, taken: Any) -> Any:
    """The assignment, in the same function and not far above, that makes the bounds of a slice; the place to mend."""
    names = set(re.findall(r"[A-Za-z_]\w*", taken.text.partition("[")[2]))
    for site in sorted(view.sources.sites, key=lambda s: -s.line):
        near = site.file == taken.file and site.function == taken.function and 0 < taken.line - site.line <= NEAR
        made = re.match(r"([A-Za-z_][\w\s,()]*)=(?!=)", site.text)
        if near and made and names <= set(re.findall(r"[A-Za-z_]\w*", made[1])):
            return site
    return None


def _order(order: str) -> str:
    if order == "sorted":
        return "the labels are far from a random order: neighbours are alike, or alternate, much more than by chance"
    return "the labels are in random order" + (", as the script drew the data" if order == "drawn" else "")


def _effect(order: str) -> str:
    if order == "sorted":
        return "batches of one kind follow each other, so the steps undo each other; the loss moves with the epoch"
    return "every epoch repeats the same batches and so the same noise; sorted data would stop the training"
