"""A gradient differs from the derivative of the loss, and no other rule knows the mistake by name.

The finding stands at the first line of the backward pass whose value is no multiple of the true adjoint although all
that went into it was right. The difference lies beyond a propagated bound on rounding, at the recorded values, one step
later or at a second, jittered point; a central difference certifies the true gradient.

How to mend it: compare the marked expression with the derivative of the forward line that it belongs to. Where the
ratio of the two has a form (a factor for each row, zeros in some entries, a transpose), the proof says so.

Looks like it and is fine: a gradient that is right up to one factor for all parameters (the batch size, a convention of
the squared error), and one that is clipped, decayed or scaled by an optimiser after it was computed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from ..diagnose import scales
from ..diagnose.jury import ALL_UPHILL, Verdict
from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import Mistake, StepView
from ..diagnose.verdicts import floored
from ..editing import algebra, usual
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..results import Finding, Span

SLUG = "gradient-mismatch"
SEVERITY = "error"
RANK = 1000


def name(view: StepView, mistake: Mistake) -> Finding:
    """The finding of a mistake that nothing else explains."""
    site, first = view.site(mistake.place), mistake.first
    names = view.names([v.candidate for v in mistake.verdicts])
    return finding_at(
        site,
        SLUG,
        "error",
        message=_headline(names, mistake),
        label=first.departure.label if first.departure else first.reason,
        parameter=names[0],
        parameters=names,
        related=_loss_mark(view, mistake),
        proof=[_proof(v) for v in mistake.verdicts[:4]],
        effect=_effect(view),
        evidence=_evidence(first),
        training=view.number,
    )


def _loss_mark(view: StepView, mistake: Mistake) -> list[Span]:
    """Where the loss is, unless it is the finding's own place."""
    there, here = view.loss_site(), view.site(mistake.place)
    if there is None or (there.file, there.line, there.column) == (here.file, here.line, here.column):
        return []
    return [mark(there, "the loss" if view.loss.source == "own" else "output meets target")]


def _headline(names: list[str], mistake: Mistake) -> str:
    v = mistake.first
    what = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    if v.reason == ALL_UPHILL:
        return "every update goes uphill: the loss is climbed, not descended"
    factors = _factors(mistake)
    if factors:
        return f"the gradient of {what} is no multiple of the true one: its numbers are {factors} times too large"
    if v.match is not None and v.match.comparison.agreement == "exact":
        if v.opposite:
            return f"this update moves {what} uphill while the others go downhill"
        return f"the update of {what} has another size than the others"
    if v.reason:
        return f"the gradient of {what} is {v.reason}"
    return f"the gradient of {what} departs from the derivative of the loss here"


def _factors(mistake: Mistake) -> str:
    """The least and the largest factor of numbers that one line updates; empty where there is only one."""
    found = [v for v in mistake.verdicts if v.match is not None and v.match.truth.size == 1 and v.scale]
    factors = sorted((v.scale or 0.0) * (-1 if v.opposite else 1) / (v.shared or 1.0) for v in found)
    if len(found) < len(mistake.verdicts) or len(found) < 2 or factors[-1] - factors[0] < 1e-9 * abs(factors[-1]):
        return ""
    return f"{factors[0]:.3g} to {factors[-1]:.3g}"


def _proof(v: Verdict) -> str:
    c = v.match.comparison if v.match else None
    if c is None or c.residual is None or c.cosine is None:
        return f"{v.candidate.name}: the true gradient is zero, the script's has norm {c.norm if c else 0.0:.3g}"
    if c.agreement == "exact":
        times = f"{scales.as_text(v.scale)} times the true gradient" if v.scale else "the true gradient"
        return f"{v.candidate.name}: exactly {times}, going {v.direction}"
    text = f"{v.candidate.name}: off by {c.residual:.2g} of its length, cosine {abs(c.cosine):.6f}"
    return text + (f"; {v.departure.structure}" if v.departure and v.departure.structure else "")


def _effect(view: StepView) -> str:
    loss = view.loss
    if loss.source == "none":
        return ""
    place = view.loss_place()
    what = f"the loss of {place}" if loss.source == "own" else f"{loss.kind} (inferred at {place})"
    sure = "" if loss.identified else "; no gradient of the script matches this loss, so it may descend another one"
    return f"judged against {what}{sure}"


def _evidence(v: Verdict) -> dict[str, Any]:
    c = v.match.comparison if v.match else None
    out: dict[str, Any] = {"reason": v.reason}
    if c is not None:
        out |= {"scale": c.scale, "residual": floored(c.residual), "cosine": c.cosine}
    if v.departure is not None:
        out["structure"] = v.departure.structure
    return out


def repairs(scene: Scene) -> Iterator[Repair]:
    """The transpose, where that is the structure; the whole Jacobian in the place of its diagonal."""
    if "transpose" in str(scene.finding.evidence.get("structure", "")):
        for leaf in scene.leaves(scene.value):
            yield scene.instead(usual.transposed(scene, leaf), leaf)
    yield from algebra.jacobian(scene, (-1, 0))
    yield from _drawn_once(scene)


def _drawn_once(scene: Scene) -> Iterator[Repair]:
    """What a function gave in the forward pass, where the place calls it a second time."""
    for call in (n for n in ast.walk(scene.node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)):
        for other in ast.walk(scene.room):
            same = isinstance(other, ast.Call) and scene.text_of(other.func) == scene.text_of(call.func)
            if same and isinstance(other, ast.Call) and other.lineno < call.lineno:
                name = algebra.fresh_name(scene, "kept")
                line = scene.source.line_before(scene.source.statement(other), f"{name} = {scene.text_of(other)}")
                yield (line, *scene.instead(name, other), *scene.instead(name, call))
