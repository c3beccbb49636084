"""One gradient is exact but for a constant factor that the others do not have.

How it is proven: the gradient is a multiple of the true one, to rounding, and the multiple is another than that of the
other parameters, where learning rates and clipping factors of their own are already accounted for.

How to mend it: remove the factor, or give it to all.

Looks like it and is fine: a learning rate of its own for a parameter; one factor that all share (the 2 of the squared
error, the batch size).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..diagnose import scales
from ..diagnose.places import finding_at
from ..diagnose.stepview import Mistake, StepView
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..editing.source import product
from ..results import Finding

SLUG = "wrong-constant-factor"
SEVERITY = "error"
RANK = 900


def name(view: StepView, mistake: Mistake) -> Finding | None:
    """The finding where a scale differs from that of the others."""
    factor = mistake.factor
    if factor <= 0:
        return None
    names = view.names([v.candidate for v in mistake.verdicts])
    return finding_at(
        view.site(mistake.place),
        SLUG,
        "error",
        message=f"the gradient of {names[0]} has a factor of {scales.as_text(factor)} that the others do not have",
        label=f"{scales.as_text(factor)} times too large" if factor > 1 else f"{scales.as_text(factor)} of its size",
        parameter=names[0],
        parameters=names,
        proof=[
            f"{v.candidate.name}: exactly {scales.as_text(v.scale or 0.0)} times the true gradient;"
            f" the others {scales.as_text(v.shared or 0.0)} times"
            for v in mistake.verdicts[:4]
        ],
        effect="this parameter moves at another rate than the rest",
        evidence={"factor": factor},
        training=view.number,
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """The marked product without a number of its own, else divided by the factor."""
    for node in ast.walk(scene.value):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
            for side, other in ((node.right, node.left), (node.left, node.right)):
                if isinstance(side, ast.Constant) and (side is node.right or isinstance(node.op, ast.Mult)):
                    yield scene.instead(scene.text_of(other), node)
    factor = float(scene.finding.evidence["factor"])
    here = scene.text_of(scene.value)
    by = f"{1 / factor:.6g}" if factor < 1 else f"{factor:.6g}"
    yield scene.instead(product(by, here) if factor < 1 else f"{product(here)} / {by}", scene.value)
