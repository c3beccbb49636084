"""The logarithm of zero reaches the loss or a parameter.

`log(0)` is minus infinity, and `0 * log(0)` is undefined. A probability becomes exactly 0 (or exactly 1, in
`log(1 - p)`) when its score lies some forty units from the others in a sigmoid, or some seven hundred in a softmax:
after steps that were too large, or with inputs that were not scaled.

How it is proven: the recorded steps are replayed in the script's own precision; the first number that is not finite
and that reaches the loss or a parameter is made by a logarithm of zero.

How to mend it: compute the loss from the scores (`z - max - log(sum(exp(z - max)))`), or keep the probability away
from 0 and 1 (`np.clip(p, 1e-12, 1 - 1e-12)`).

Looks like it and is fine: a logarithm whose operand could reach zero but did not, and one whose result is masked away
before it counts.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from ..diagnose import breakdown, nonfinite
from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import StepView
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..results import Finding, Fix

SLUG = "log-of-zero"
SEVERITY = "error"
RANK = 10


def check(view: StepView) -> Iterator[Finding]:
    """One finding, where it happened."""
    found = view.once(nonfinite.origin)
    if found is None or view.once(breakdown.cause) != "logarithm":
        return
    zeros = int(np.sum(np.asarray(found.operands[0]) == 0))
    there, here = view.loss_site(), view.site_of(found.entry)
    names = found.reaches
    reached = "the loss" if found.loss is not None else ""
    reached += (" and " if reached and names else "") + ", ".join(names[:3])
    apart = there is not None and (there.file, there.line) != (here.file, here.line)
    yield finding_at(
        here,
        SLUG,
        "error",
        message="the logarithm of zero is taken, and it reaches " + ("the loss" if not names else names[0]),
        label="its operand is exactly 0",
        parameter=names[0] if names else None,
        parameters=names,
        related=[mark(there, "the loss")] if there is not None and apart else [],
        proof=[
            f"in step {found.step + 1}, {zeros:,} of the {np.size(found.operands[0]):,} operands are exactly 0",
            f"what comes of it: {reached}" + (f" ({found.loss})" if found.loss is not None else ""),
        ],
        effect="the parameters turn nan and stay so" if names else "the reported loss says nothing any more",
        evidence={"zeros": zeros, "size": int(np.size(found.operands[0])), "step": found.step + 1},
        fix=Fix("compute the loss from the scores, or keep the operand above zero: np.clip(p, 1e-12, 1.0)"),
        training=view.number,
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """The operands of all logarithms of the statement, or of this one, kept above zero."""
    calls = [n for n in ast.walk(scene.statement) if isinstance(n, ast.Call) and scene.called(n) == "log" and n.args]
    clipped, shifted = scene.numpy + ".clip({0}, 1e-12, 1.0)", "{0} + 1e-12"
    for group, form in ((g, f) for f in (shifted, clipped) for g in (calls, [n for n in calls if n is scene.node])):
        texts = [form.format(scene.text_of(n.args[0])) for n in group]
        edits = [scene.instead(text, n.args[0]) for n, text in zip(group, texts, strict=True)]
        yield tuple(edit for repair in edits for edit in repair)
