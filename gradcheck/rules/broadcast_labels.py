"""Predictions and targets of n samples are subtracted in shapes that broadcast to n x n differences.

(n, 1) minus (n,) is no error in NumPy: every prediction is compared with every target. The loss looks plausible, and
the best that can be done about it is to predict the mean of all targets for everything.

How it is proven: one operand depends on the parameters, the other does not, both hold n numbers, their difference holds
n times n, and all of these enter one sum or mean. The proof gives the mean square over all pairs and over the n that
belong together.

How to mend it: give both one shape before they meet, `y.reshape(-1, 1)` or `prediction.ravel()`.

Looks like it and is fine: distances of all samples to all centres, and pairwise differences of scores in a ranking,
which are meant.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..diagnose import meetings
from ..diagnose.places import finding_at
from ..diagnose.stepview import Mistake, StepView
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..editing.source import wrapped
from ..results import Finding, Fix

SLUG = "broadcast-labels"
SEVERITY = "error"
RANK = 5


def name(view: StepView, mistake: Mistake) -> Finding | None:
    """The finding, if the gradients depart at the same line."""
    found = view.once(meetings.broadcast)
    if found is None or not _explains(view, found, mistake):
        return None
    return _finding(view, found, view.names([v.candidate for v in mistake.verdicts]))


def check(view: StepView) -> Iterator[Finding]:
    """The finding, if it explains no wrong gradient."""
    found = view.once(meetings.broadcast)
    if found is not None and not any(_explains(view, found, m) for m in view.mistakes):
        yield _finding(view, found, [])


def _explains(view: StepView, found: meetings.Broadcast, mistake: Mistake) -> bool:
    return view.begins_at(mistake, {view.tape.site_of(found.entry)})


def _finding(view: StepView, found: meetings.Broadcast, names: list[str]) -> Finding:
    n = max(found.prediction)
    every, matched = f"{found.pairs:.4g}", f"{found.matched:.4g}"
    return finding_at(
        view.site_of(found.entry),
        SLUG,
        "error",
        message="each prediction is compared with the target of every sample, not with its own",
        label=f"{n:,} x {n:,} differences of {n:,} samples",
        parameter=names[0] if names else None,
        parameters=names,
        proof=[
            f"prediction {found.prediction}, target {found.target}: the difference is ({n}, {n})",
            f"mean square over all {n * n:,} pairs {every}, over the {n:,} that belong together {matched}",
        ],
        effect="the least such loss is reached by predicting the mean of all targets for every sample",
        evidence={"samples": n, "all_pairs": found.pairs, "matched": found.matched},
        fix=Fix("give both one shape before they meet, for example target.reshape(prediction.shape)"),
        training=view.number,
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """One side in the shape of the other."""
    if isinstance(scene.node, ast.BinOp):
        left, right = scene.text_of(scene.node.left), scene.text_of(scene.node.right)
        yield scene.instead(f"{wrapped(right)}.reshape({wrapped(left)}.shape)", scene.node.right)
        yield scene.instead(f"{wrapped(left)}.reshape({wrapped(right)}.shape)", scene.node.left)
