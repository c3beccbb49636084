"""The probabilities of a softmax sum to one over the wrong axis, or over the whole batch.

Each sample's probabilities must sum to one over the classes. Summed over the samples, or over everything, the output of
one row moves when another row changes, and the accuracy stays at chance.

How it is proven: where the probabilities meet the labels, the labels are one-hot along one axis only: that is the axis
of the classes. The divisor of the softmax runs along another one, and the probabilities do not sum to one along this.

How to mend it: sum along the classes and keep the axis, `e / e.sum(axis=1, keepdims=True)` for samples in rows.

Looks like it and is fine: samples in columns, with the sum over the rows; attention, which meets no labels; one sample
at a time.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..diagnose import meetings
from ..diagnose.meetings import WrongAxis
from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import Mistake, StepView
from ..editing import algebra
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..results import Finding, Fix

SLUG = "softmax-axis"
SEVERITY = "error"
RANK = 5


def name(view: StepView, mistake: Mistake) -> Finding | None:
    """The finding, if the gradients first depart where such probabilities meet the labels."""
    found = view.once(meetings.wrong_axis)
    if found is None or not _explains(view, found, mistake):
        return None
    return _finding(view, found, view.names([v.candidate for v in mistake.verdicts]))


def check(view: StepView) -> Iterator[Finding]:
    """The finding, if it explains no wrong gradient."""
    found = view.once(meetings.wrong_axis)
    if found is not None and not any(_explains(view, found, m) for m in view.mistakes):
        yield _finding(view, found, [])


def _explains(view: StepView, found: WrongAxis, mistake: Mistake) -> bool:
    """Whether a mistake's place is the softmax or a line that reads its result."""
    return view.begins_at(mistake, {view.tape.site_of(found.softmax.division), *found.readers})


def _finding(view: StepView, found: WrongAxis, names: list[str]) -> Finding:
    softmax = found.softmax
    assert softmax.axes is not None
    summed = "over the whole array" if len(softmax.axes) == 2 else f"along axis {softmax.axes[0]}"
    low, high = found.totals
    return finding_at(
        view.site_of(softmax.division),
        SLUG,
        "error",
        message=f"this softmax sums {summed}; the classes lie along axis {found.axis}",
        label=f"sums to one {summed}",
        parameter=names[0] if names else None,
        parameters=names,
        related=[mark(view.site_of(found.target), f"the labels here are one-hot along axis {found.axis}")],
        proof=[
            f"the labels have exactly one 1 along axis {found.axis}, and not along the other",
            f"sums of the probabilities along axis {found.axis}: {low:.4g} to {high:.4g}; they should all be 1",
        ],
        effect="the output of one sample moves when another sample changes",
        evidence={"axes": list(softmax.axes), "classes": found.axis, "low": low, "high": high},
        fix=Fix(f"sum along the classes: axis={found.axis}, keepdims=True, in the maximum and in the sum"),
        training=view.number,
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """The sum along the classes; with it each maximum of the same function."""
    axis = int(scene.finding.evidence["classes"])
    sums = [n for n in ast.walk(scene.node) if isinstance(n, ast.Call) and scene.called(n) == "sum"]
    if not sums:
        return
    alone = scene.instead(algebra.reduced(scene, sums[0], (axis,), keep=True), sums[0])
    largest = [n for n in ast.walk(scene.room) if scene.called(n) in ("max", "amax")]
    shifts = [e for n in largest for e in scene.instead(algebra.reduced(scene, n, (axis,), keep=True), n)]
    yield (*alone, *shifts)
    yield alone
