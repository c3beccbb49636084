"""A softmax takes the exponential of raw scores, without subtracting their maximum.

`exp` of a number above 709.8 is infinite (above 88.7 in float32), and infinity divided by infinity is undefined: from
that step on every parameter is `nan`. Early in a training the scores are small and nothing is seen; it happens when the
weights, the inputs or the rate grow.

An error when it happened in the recorded steps: they are replayed in the script's own precision, and the first number
that is not finite is an exponential of this softmax. Otherwise a warning: the largest numerator of each sum is not 1,
so its maximum was not subtracted, and the scores grow without limit when the parameters do (replayed far from zero).

How to mend it: subtract the largest score of each row first, `np.exp(z - z.max(axis=1, keepdims=True))`. The
probabilities stay the same, since the common factor cancels.

Looks like it and is fine: scores that something limits (`tanh`, `clip`, a cosine), and a plain sigmoid, where
`1 / (1 + inf)` is exactly 0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..diagnose import breakdown, nonfinite, softmaxes
from ..diagnose.places import finding_at, mark
from ..diagnose.softmaxes import NOTHING, Softmax
from ..diagnose.stepview import StepView
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..editing.source import wrapped
from ..results import Finding, Fix

SLUG = "softmax-overflow"
SEVERITY = "error"
RANK = 10
SAME = 1e-12


def check(view: StepView) -> Iterator[Finding]:
    """One finding: what happened, else the first softmax of raw scores."""
    found = view.once(nonfinite.origin)
    if found is not None and view.once(breakdown.cause) == "softmax":
        softmax = breakdown.softmax_of(view, found.entry)
        if softmax is not None:
            yield _happened(view, softmax, found)
        return
    for softmax in view.once(softmaxes.find):
        if softmax.shift == NOTHING and softmaxes.can_grow(view, softmax):
            yield _threatens(view, softmax)
            return


def _happened(view: StepView, softmax: Softmax, found: nonfinite.Origin) -> Finding:
    score = float(np.max(found.operands[0]))
    limit = _limit(getattr(found.result, "dtype", None))
    what = "the loss" if not found.reaches else f"{found.reaches[0]} and all that follows"
    return finding_at(
        view.site_of(found.entry),
        SLUG,
        "error",
        message="the softmax overflows: exp of a raw score is infinite",
        label=f"exp({score:.4g}) is inf",
        parameter=found.reaches[0] if found.reaches else None,
        parameters=found.reaches,
        related=[mark(view.site_of(softmax.division), "inf / inf is nan")],
        proof=[
            f"largest score in step {found.step + 1}: {score:.4g}; exp overflows above {limit:.1f}",
            f"replayed in the script's own precision: {what} became nan",
        ],
        effect="from this step on the parameters are nan, and no later step can bring them back",
        evidence={"score": score, "step": found.step + 1, "axes": list(softmax.axes or ())},
        fix=_fix(view, softmax),
        training=view.number,
    )


def _threatens(view: StepView, softmax: Softmax) -> Finding:
    score = softmaxes.largest_score(view, softmax)
    limit = _limit(view.tape.dtype_of(view.tape.storage_of(view.tape.entry(softmax.exponential)[2][0])))
    return finding_at(
        view.site_of(softmax.exponential),
        SLUG,
        "warning",
        message="this softmax takes exp of the raw scores, and overflows once they are large",
        label="nothing was subtracted from the scores",
        related=[mark(view.site_of(softmax.division), "inf / inf would be nan")],
        proof=[
            f"largest score at the recorded step: {score:.3g}; exp overflows above {limit:.1f}",
            "replayed with larger parameters, the scores grow without limit",
        ],
        effect="harmless while the scores are small; with a larger rate or longer training all parameters turn nan",
        fine_if="something outside the recorded steps keeps the scores small",
        evidence={"score": score, "limit": limit},
        fix=_fix(view, softmax),
        training=view.number,
    )


def _limit(dtype: Any) -> float:
    """The largest argument whose exponential is finite in this precision (None: that of a Python number)."""
    return float(np.log(np.finfo(float if dtype is None else dtype).max))


def _fix(view: StepView, softmax: Softmax) -> Fix:
    site = view.site_of(softmax.exponential)
    sources = _argument(site.text)
    told = "subtract the largest score of each sum before the exponential; the probabilities stay the same"
    if sources is None or softmax.axes is None or len(softmax.axes) > 1 and len(softmax.axes) < len(softmax.shape):
        return Fix(told)
    function, argument = sources
    every = len(softmax.axes) == len(softmax.shape)
    largest = f"np.max({argument})" if every else f"np.max({argument}, axis={softmax.axes[0]}, keepdims=True)"
    text = f"{function}({argument} - {largest})"
    if not function.startswith("np.") or not softmaxes.stands_alone(view, softmax):
        return Fix(f"{told}: {text}")
    off = softmaxes.departure(view, softmax)
    if not off < SAME:
        return Fix(f"{told}: {text}")
    tried = {"before": "exp of raw scores", "after": "the recorded step has the same probabilities, no exp above 1"}
    return Fix(told, text, tried)


def _argument(text: str) -> tuple[str, str] | None:
    """Function and argument of a call with one argument."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return None
    if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords or not isinstance(node.args[0], ast.Name):
        return None
    return ast.unparse(node.func), node.args[0].id


def repairs(scene: Scene) -> Iterator[Repair]:
    """The largest score subtracted in every such exponential of the statement."""
    node, axes = scene.node, scene.finding.evidence.get("axes") or []
    if not isinstance(node, ast.Call) or len(node.args) != 1:
        return
    score = wrapped(scene.text_of(node.args[0]))
    largest = f"{scene.numpy}.max({scene.text_of(node.args[0])}"
    largest += f", axis={axes[0]}, keepdims=True)" if len(axes) == 1 else ")"
    same = [n for n in ast.walk(scene.statement) if isinstance(n, ast.Call) and scene.text_of(n) == scene.text]
    yield tuple(e for n in same for e in scene.instead(f"{score} - {largest}", n.args[0]))
