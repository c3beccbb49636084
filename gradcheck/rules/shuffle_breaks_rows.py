"""`random.shuffle` on a two-dimensional array writes rows over each other.

`random.shuffle` swaps items by `x[i], x[j] = x[j], x[i]`. The rows of a NumPy array are views of its memory, so the
second assignment copies a row that the first one has just overwritten: one of the two rows is there twice, the other is
lost. After one shuffle about a third of the data is gone, and more at every epoch.

How it is proven: the rows of the array before and after the call are compared as sets: some are there several times,
others no more.

How to mend it: `np.random.shuffle(x)`, or a permutation of row numbers.

Looks like it and is fine: `random.shuffle` on a list of rows or of row numbers, and on a one-dimensional array.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..diagnose.places import finding_at
from ..diagnose.stepview import StepView
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..results import Finding, Fix

SLUG = "shuffle-breaks-rows"
SEVERITY = "error"
RANK = 10


def check(view: StepView) -> Iterator[Finding]:
    """A finding for the first such shuffle of an array that the training reads."""
    tape, rows = view.tape, view.made.rows
    places = {i for i, t in enumerate(tape.templates) if t.kind == "set" and _is_shuffle(t.fn)}
    if rows is None or not places:
        return
    read = {v.storage for p in rows.places for step in p.chains for c in step.values() for v in c.levels}
    for number, template in enumerate(tape.entry_template):
        if template not in places:
            continue
        dest, after = tape.entry(number)[1]
        if tape.storage_of(dest) not in read:
            continue
        lost = _lost(rows.tracer.values.of(dest, number), tape.constants[after >> 2])
        if lost:
            yield _finding(view, number, lost, len(tape.constants[after >> 2]))
            return


def _is_shuffle(fn: Any) -> bool:
    return isinstance(getattr(fn, "__self__", None), random.Random)


def _lost(before: Any, after: Any) -> int:
    """How many different rows are gone, where all that are left were there before."""
    if before is None or np.shape(before) != np.shape(after) or np.ndim(after) < 2:
        return 0
    old, new = ({r.tobytes() for r in np.ascontiguousarray(a)} for a in (before, after))
    return len(old - new) if new < old else 0


def _finding(view: StepView, entry: int, lost: int, count: int) -> Finding:
    return finding_at(
        view.site_of(entry),
        SLUG,
        "error",
        message="this shuffle writes rows of the data over each other",
        label="swaps views of rows: one is copied over the other",
        parameters=view.names(view.made.parameters),
        proof=[f"{lost:,} of the {count:,} rows are gone after this one call, others are there twice or more"],
        effect="every epoch loses more of the data, until a few rows are left",
        evidence={"rows": count, "lost": lost},
        fix=Fix("use np.random.shuffle, which moves whole rows"),
        training=view.number,
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """NumPy's own shuffle."""
    if isinstance(scene.node, ast.Call) and len(scene.node.args) == 1:
        yield scene.instead(f"{scene.numpy}.random.shuffle({scene.text_of(scene.node.args[0])})")
