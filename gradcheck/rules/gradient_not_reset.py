"""A gradient is added up over steps: its buffer is never set back to zero.

The first step is exact; from the second on the gradient still holds what the steps before it put in.

How it is proven: the gradient of the second step is the true one plus a multiple of the first step's gradient, to
rounding, in every entry.

How to mend it: set the buffer to zero at the beginning of each step, or assign where it is added.

Looks like it and is fine: gradients gathered over several small batches before one update; momentum, whose old share
decays.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from ..diagnose.jury import PILED
from ..diagnose.places import finding_at
from ..diagnose.stepview import Mistake, StepView
from ..editing import algebra
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..results import Finding
from ..step.compare import oriented
from ..step.trials import Match

SLUG = "gradient-not-reset"
SEVERITY = "error"
RANK = 20
SAME = 1e-8
FEWEST = 3


def name(view: StepView, mistake: Mistake) -> Finding | None:
    """The finding where each wrong gradient is the true one plus that of the step before."""
    if mistake.first.reason != PILED and not _each_holds(view, mistake):
        return None
    names = view.names([v.candidate for v in mistake.verdicts])
    return finding_at(
        view.site(mistake.place),
        SLUG,
        "error",
        message=f"the gradient of {names[0]} still holds that of the step before",
        label="added to what the last step left",
        parameter=names[0],
        parameters=names,
        proof=["the first step is exact; the second step's gradient is the true one plus the first step's"],
        effect="the steps grow and point back to old gradients",
        training=view.number,
    )


def _each_holds(view: StepView, mistake: Mistake) -> bool:
    first = [_first(view, v.match) for v in mistake.verdicts]
    return not mistake.factor and all(_holds(v.match, g) for v, g in zip(mistake.verdicts, first, strict=True))


def _first(view: StepView, m: Match | None) -> np.ndarray | None:
    """The same parameter's gradient in the step before."""
    if m is None or m.version.round_ == 0:
        return None
    for t in view.made.trials:
        for other in t.matches:
            if other.version.candidate is m.version.candidate and other.version.round_ == m.version.round_ - 1:
                return oriented(other.gradient.value, m.truth)
    return None


def _holds(m: Match | None, before: np.ndarray | None) -> bool:
    if m is None or before is None or before.size != m.truth.size or m.truth.size < FEWEST:
        return False
    u, t, g = np.ravel(oriented(m.gradient.value, m.truth)), np.ravel(m.truth), np.ravel(before)
    basis = np.stack([t, g], axis=1)
    (k, c), *_ = np.linalg.lstsq(basis, u, rcond=None)
    close = np.linalg.norm(u - basis @ (k, c)) < SAME * np.linalg.norm(u)
    return bool(k and close and abs(c - 1) < SAME)


def repairs(scene: Scene) -> Iterator[Repair]:
    """Assignments where it is added, here or for all of that buffer beside it; the buffer made anew in each pass."""
    if not isinstance(scene.node, ast.AugAssign):
        return
    buffer = _root(scene.node.target)
    beside = [s for s in scene.source.block(scene.node) if isinstance(s, ast.AugAssign) and _root(s.target) == buffer]
    for group in (beside, [scene.node]):
        edits = [scene.instead(f"{scene.text_of(s.target)} = {scene.text_of(s.value)}", s) for s in group]
        yield tuple(edit for repair in edits for edit in repair)
    made = algebra.definition(scene, buffer)
    for loop in scene.source.above(scene.node, (ast.For, ast.While)):
        if isinstance(loop, ast.For | ast.While) and made is not None and made.lineno < loop.lineno:
            yield (scene.source.line_before(loop.body[0], scene.text_of(made)),)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
