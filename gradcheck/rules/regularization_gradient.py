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

import numpy as np

from ..diagnose.places import finding_at
from ..diagnose.stepview import Mistake, StepView
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
