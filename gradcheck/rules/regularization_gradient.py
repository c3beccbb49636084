"""The gradient of the penalty on the weights does not match the penalty in the loss.

The loss holds a term such as `0.5 * c * sum(W**2)`; the gradient lacks its derivative `c * W`, has it twice, with
another factor, or with the other sign; or the gradient has one that the loss does not hold.

How it is proven: the gradient is a multiple of the true one plus a multiple of the weights themselves, to rounding, in
every entry. Where the penalty is none of all squares (one that spares the biases, an absolute value): without its terms
that are made from the parameter alone the gradient is exactly the derivative of the loss, or of the loss without its
penalty.

How to mend it: add exactly the derivative of the penalty, with its factor.

Looks like it and is fine: weight decay that an optimiser applies on purpose, without a penalty in the loss; a penalty
without the factor 1/2 whose gradient has the factor 2.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from ..diagnose.jury import Verdict
from ..diagnose.places import finding_at
from ..diagnose.stepview import Mistake, StepView
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..editing.source import wrapped
from ..results import Finding
from ..step.apart import Apart
from ..step.compare import compare, oriented
from ..step.decay import penalised
from ..step.gradient import Gradient
from ..step.trials import Match, before, is_part

SLUG = "regularization-gradient"
SEVERITY = "error"
RANK = 30
SAME = 1e-9
FEWEST = 5


def name(view: StepView, mistake: Mistake) -> Finding | None:
    """The finding where every wrong gradient of the place is off by a multiple of its own parameter, or by a term of it
    alone.
    """
    if mistake.factor or not mistake.verdicts:
        return None
    shares = [_share(view, mistake, i) for i in range(len(mistake.verdicts))]
    if any(s is None for s in shares):
        return _of_another_form(view, mistake)
    share = shares[0] or 0.0
    proof = [
        f"gradient - true gradient = {s:.6g} * {v.candidate.name}, exact"
        for v, s in zip(mistake.verdicts, shares, strict=True)
    ]
    return _told(view, mistake, f"off by {share:.4g} times {{}} itself", proof, {"share": share})


def _of_another_form(view: StepView, mistake: Mistake) -> Finding | None:
    """The finding where every gradient of the place is exact but for terms that are made from its parameter alone."""
    proofs = [_penalty(view, v) for v in mistake.verdicts]
    if any(p is None for p in proofs):
        return None
    names = view.names([v.candidate for v in mistake.verdicts])
    proof = [f"{name}: {proof}" for name, proof in zip(names, proofs, strict=True)]
    return _told(view, mistake, "without what is made from {} alone it is right", proof, {})


def _told(view: StepView, mistake: Mistake, label: str, proof: list[str], evidence: dict[str, float]) -> Finding:
    names = view.names([v.candidate for v in mistake.verdicts])
    return finding_at(
        view.site(mistake.place),
        SLUG,
        "error",
        message=f"the penalty's share in the gradient of {names[0]} is not the derivative of the penalty",
        label=label.format(names[0]),
        parameter=names[0],
        parameters=names,
        proof=proof,
        effect="the weights shrink by another amount than the loss asks for",
        evidence=evidence,
        training=view.number,
    )


def _penalty(view: StepView, v: Verdict) -> str | None:
    """How a gradient shows to be right but for its penalty; None where it does not."""
    if v.match is None or v.trial is None or view.made.recording is None or v.match.truth.size < FEWEST:
        return None
    g, version = v.match.gradient, v.match.version
    apart = Apart(view.made, v.trial.hypothesis, version, g)
    added = apart.of(apart.own)
    has = added is not None and bool(np.any(added)) and added.shape == g.value.shape
    rests = [g.value - way * added for way in (1.0, -1.0)] if added is not None and has else [g.value]
    if has and any(_is_exact(rest, g, v.match) for rest in rests):
        return "exact without what is added to it, which the loss does not hold"
    parts = [p for p in view.made.considered if is_part(view.tape, view.made, p, v.trial)]
    there = [m for p in parts for m in p.matches if m.version is version]
    if penalised(view.made, v.trial.hypothesis, version):
        if any(_is_exact(rest, g, m) for m in there for rest in rests):
            return "exact for the loss without its penalty, whose derivative is another one"
    return None


def _is_exact(value: np.ndarray, g: Gradient, m: Match) -> bool:
    return value.size == m.truth.size and compare(oriented(value, m.truth), m.truth, m.bound, g.noise).exact


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
