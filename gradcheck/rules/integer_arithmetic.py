"""Integers are computed with where fractions or negative numbers were meant.

What is stored in an integer array loses its fraction: an update of 0.3 is an update of 0. Unsigned and short integers
wrap around: in `uint8`, 3 - 5 is 254. A `//` rounds a gradient down. Nothing of this raises an error.

How it is proven: the recorded operands are computed with again, as real or as wide numbers; the script's result is
another one, and it reaches a parameter.

How to mend it: make the arrays floating point, `x.astype(float)` or `np.zeros(n, dtype=float)`, and divide with `/`.

Looks like it and is fine: labels used as indices, counters, values that are rounded on purpose before they are stored,
and `//` on numbers that no parameter reaches.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..diagnose import integers
from ..diagnose.places import finding_at
from ..diagnose.stepview import Mistake, StepView
from ..editing import algebra
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..editing.source import wrapped
from ..results import Finding, Fix

SLUG = "integer-arithmetic"
SEVERITY = "error"
RANK = 5

HEADLINES = {
    "cut": "an integer array takes fractions, and cuts them off",
    "wrapped": "integers wrap around here: the result does not fit {dtype}",
    "floored": "// rounds the quotient down on the way to a parameter",
}
LABELS = {
    "cut": "{dtype} keeps whole numbers only",
    "wrapped": "computed in {dtype}",
    "floored": "the fraction is gone",
}
FIXES = {
    "cut": "make the array floating point: dtype=float",
    "wrapped": "convert before computing: .astype(float)",
    "floored": "divide with /",
}


def name(view: StepView, mistake: Mistake) -> Finding | None:
    """The finding, if gradients are wrong after such an operation."""
    found = view.once(integers.losses)
    if not found or mistake is not view.mistakes[0]:
        return None
    return _finding(view, found[0], view.names([v.candidate for v in mistake.verdicts]))


def check(view: StepView) -> Iterator[Finding]:
    """The finding, if no gradient is wrong: what was lost lies before them, or in another array."""
    found = [loss for loss in view.once(integers.losses) if loss.kind != "floored"]
    if found and not view.mistakes:
        yield _finding(view, found[0], [])


def _finding(view: StepView, found: integers.Loss, names: list[str]) -> Finding:
    true, got = found.example
    return finding_at(
        view.site_of(found.entry),
        SLUG,
        "error",
        message=HEADLINES[found.kind].format(dtype=found.dtype),
        label=LABELS[found.kind].format(dtype=found.dtype),
        parameter=names[0] if names else None,
        parameters=names,
        proof=[
            f"{found.count:,} of the {found.size:,} values are not what they should be",
            f"the first of them: {true:.6g} became {got:.6g}",
        ],
        effect="small negative numbers become large" if found.kind == "wrapped" else "what is lost reaches no weight",
        evidence={"kind": found.kind, "count": found.count, "size": found.size, "true": true, "got": got},
        fix=Fix(FIXES[found.kind]),
        training=view.number,
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """A true division, an operand in floating point, or an array that is made in floating point."""
    for node in ast.walk(scene.node):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
            yield scene.instead(f"{scene.text_of(node.left)} / {scene.text_of(node.right)}", node)
    target = scene.statement.targets[0] if isinstance(scene.statement, ast.Assign) else None
    target = scene.statement.target if isinstance(scene.statement, ast.AugAssign) else target
    while isinstance(target, ast.Subscript):
        target = target.value
    made = algebra.definition(scene, scene.text_of(target)) if target is not None else None
    if made is not None and made is not scene.statement:
        yield scene.instead(f"{wrapped(scene.text_of(made.value))}.astype(float)", made.value)
    for leaf in scene.leaves(scene.value):
        yield scene.instead(f"{scene.text_of(leaf)}.astype(float)", leaf)
