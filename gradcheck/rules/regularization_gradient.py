"""The gradient of the penalty on the weights does not match the penalty in the loss.

The loss holds a term such as `0.5 * c * sum(W**2)`; the gradient lacks its derivative `c * W`, has it twice, with
another factor, or with the other sign; or the gradient has one that the loss does not hold.

How it is proven: the gradient is a multiple of the true one plus a multiple of the weights themselves, to rounding, in
every entry.

How to mend it: add exactly the derivative of the penalty, with its factor.

Looks like it and is fine: weight decay that an optimiser applies on purpose, without a penalty in the loss; a penalty
without the factor 1/2 whose gradient has the factor 2.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from ..diagnose.places import finding_at
from ..diagnose.stepview import Mistake, StepView
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..editing.source import wrapped
from ..results import Finding
from ..step.trials import before

SLUG = "regularization-gradient"
SEVERITY = "error"
RANK = 30
SAME = 1e-9
FEWEST = 5


def name(view: StepView, mistake: Mistake) -> Finding | None:
    """The finding where every wrong gradient of the place is off by a multiple of its own parameter."""
    shares = [_share(view, mistake, i) for i in range(len(mistake.verdicts))]
    if mistake.factor or not shares or any(s is None for s in shares):
        return None
    names = view.names([v.candidate for v in mistake.verdicts])
    share = shares[0] or 0.0
    return finding_at(
        view.site(mistake.place),
        SLUG,
        "error",
        message=f"the penalty's share in the gradient of {names[0]} is not the derivative of the penalty",
        label=f"off by {share:.4g} times {names[0]} itself",
        parameter=names[0],
        parameters=names,
        proof=[
            f"gradient - true gradient = {s:.6g} * {v.candidate.name}, exact"
            for v, s in zip(mistake.verdicts, shares, strict=True)
        ],
        effect="the weights shrink by another amount than the loss asks for",
        evidence={"share": share},
        training=view.number,
    )


def _share(view: StepView, mistake: Mistake, i: int) -> float | None:
    """c in u = k t + c W, where that holds to rounding; None where it does not."""
    m = mistake.verdicts[i].match
    if m is None or view.made.recording is None or m.truth.size < FEWEST or m.gradient.value.size != m.truth.size:
        return None
    u, t = np.ravel(m.gradient.value), np.ravel(m.truth)
    w = np.ravel(np.asarray(before(view.made, m.version), float))
    if w.size != t.size or not np.any(w):
        return None
    basis = np.stack([t, w], axis=1)
    (k, c), *_ = np.linalg.lstsq(basis, u, rcond=None)
    if not k or not c or np.linalg.norm(u - basis @ (k, c)) > SAME * min(np.linalg.norm(c * w), np.linalg.norm(u)):
        return None
    return float(c / k)


def repairs(scene: Scene) -> Iterator[Repair]:
    """The penalty's term with another sign or factor, without it, or added as the penalty's coefficient has it."""
    names = {_plain(name) for name in scene.finding.parameters}
    own = [leaf for leaf in scene.leaves(scene.value) if _plain(scene.text_of(leaf)) in names]
    for leaf in own:
        for sum_ in scene.source.above(leaf, ast.BinOp):
            if isinstance(sum_.op, ast.Add | ast.Sub) and leaf in ast.walk(sum_.right):
                left, right = scene.text_of(sum_.left), scene.text_of(sum_.right)
                operator, other = ("+", "-") if isinstance(sum_.op, ast.Add) else ("-", "+")
                for text in (f"{other} {right}", f"{operator} 2 * {right}", f"{operator} 0.5 * {right}"):
                    yield scene.instead(f"{left} {text}", sum_)
                yield scene.instead(left, sum_)
    here = scene.text_of(scene.value)
    for name in _called(scene, names):
        for coefficient in _coefficients(scene):
            yield scene.instead(f"{here} + {coefficient} * {name}", scene.value)


def _plain(name: str) -> str:
    return name.replace('"', "'").split(".")[-1]


def _called(scene: Scene, names: set[str]) -> list[str]:
    """What the file calls the parameter."""
    nodes = [n for n in ast.walk(scene.source.tree) if isinstance(n, ast.Name | ast.Attribute | ast.Subscript)]
    return list(dict.fromkeys(t for n in nodes if _plain(t := scene.text_of(n)) in names))[:2]


def _coefficients(scene: Scene) -> Iterator[str]:
    """Texts of the number that is missing: names that have it as their value, once, twice or half; else the number."""
    share = -float(scene.finding.evidence.get("share", 0.0))
    for node in ast.walk(scene.source.tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for factor, text in ((1, ""), (2, "2 * "), (0.5, "0.5 * ")):
                value = node.value.value
                if isinstance(value, int | float) and abs(value * factor - share) < 1e-9 * abs(share):
                    yield f"{text}{scene.text_of(node.targets[0])}"
    yield from (f"{text}{name}" for name in scene.scalars for text in ("", "2 * "))
    yield wrapped(f"{share:.6g}")
