"""A number becomes infinite or undefined during the training, and reaches the loss or a parameter.

Once a parameter is `nan`, every later value is: the training is over, though it goes on. The usual sources are a
division by zero, a root or a power of something negative, and an exponential that overflows.

How it is proven: what the recorded steps left behind holds such numbers. The steps are replayed in the script's own
precision, and the number is followed back, operation by operation, to the first one that made it of finite operands.

How to mend it: look at the operands in the proof. A variance or a norm that can be zero needs a small constant added
before the division or the root; what overflows needs smaller steps, or a form that subtracts the largest value first.

Looks like it and is fine: infinities that come to nothing, such as `1 / (1 + exp(1000))`, a mask of minus infinity
before a softmax, and a best loss that begins at infinity.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..diagnose import breakdown, nonfinite
from ..diagnose.places import finding_at
from ..diagnose.stepview import StepView
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..results import Finding

SLUG = "non-finite"
SEVERITY = "error"
RANK = 10


def check(view: StepView) -> Iterator[Finding]:
    """One finding at the operation where it began, unless another rule knows the cause."""
    found = view.once(nonfinite.origin)
    if found is None or view.once(breakdown.cause) != "operation":
        return
    names = found.reaches
    what = "infinite" if np.any(np.isinf(found.result)) else "undefined"
    bad = int(np.sum(~np.isfinite(found.result)))
    reached = ", ".join([*names[:3], *(["the loss"] if found.loss is not None else [])])
    yield finding_at(
        view.site_of(found.entry),
        SLUG,
        "error",
        message=f"a number becomes {what} here, and reaches {names[0] if names else 'the loss'}",
        label=f"the first {what} value, in step {found.step + 1}",
        parameter=names[0] if names else None,
        parameters=names,
        proof=[
            f"in step {found.step + 1}, {bad:,} of the {np.size(found.result):,} results are not finite",
            *_operands(found.operands),
            f"what comes of it: {reached}",
        ],
        effect="the parameters stay nan whatever follows" if names else "the reported loss says nothing any more",
        evidence={"step": found.step + 1, "count": bad, "size": int(np.size(found.result))},
        training=view.number,
    )


def _operands(values: list[Any]) -> Iterator[str]:
    """The range of each operand, all of which are finite."""
    for number, value in enumerate(values[:2], 1):
        if isinstance(value, np.ndarray | float | np.floating) and np.size(value):
            low, high = float(np.min(value)), float(np.max(value))
            name = "the operand" if len(values) == 1 else f"operand {number}"
            yield f"{name}: " + (f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}")


def repairs(scene: Scene) -> Iterator[Repair]:
    """A divisor that cannot become zero."""
    for node in ast.walk(scene.node):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            divisor = scene.text_of(node.right)
            yield scene.instead(f"{scene.numpy}.maximum({divisor}, 1e-12)", node.right)
            yield scene.instead(f"({divisor} + 1e-8)", node.right)
