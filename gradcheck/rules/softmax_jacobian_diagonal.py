"""Only the diagonal of the softmax's Jacobian is applied.

Each output of a softmax depends on every logit. The derivative with respect to the logits is
`p * (g - sum(g * p))` for the error g with respect to the probabilities; `g * p * (1 - p)` keeps the diagonal only.

How it is proven: the error that goes in is exact, and the value is it times `p * (1 - p)`; with the whole Jacobian on
the recorded step the gradients become exact.

How to mend it: use `p * (g - (g * p).sum(axis=..., keepdims=True))`, or `p - y` directly with cross-entropy.

Looks like it and is fine: `p * (1 - p)` behind a sigmoid, whose outputs do not depend on each other.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..diagnose import factors, forms
from ..diagnose.places import mark
from ..diagnose.spot import Mend, Spot
from ..editing import algebra
from ..editing.edits import Repair
from ..editing.scene import Scene

SLUG = "softmax-jacobian-diagonal"
SEVERITY = "error"
RANK = 15


def suppose(spot: Spot) -> Iterator[Mend]:
    """The whole Jacobian applied to the value that went in."""
    for factor in factors.at(spot):
        if not factor.superfluous:
            continue
        for form, known in factor.as_form():
            if form is forms.SIGMOID_OF_OUTPUT and factors.is_softmax(known.value):
                yield from _mends(spot, factor, known.value)


def _mends(spot: Spot, factor: factors.Factor, p: np.ndarray) -> Iterator[Mend]:
    g = factor.incoming.value
    for axis in range(p.ndim):
        whole = p * (g - np.sum(g * p, axis=axis, keepdims=True))
        if spot.walk.agrees(whole):
            yield Mend(
                SLUG,
                spot.entries,
                spot.apart(whole),
                spot.place,
                "only the diagonal of the softmax's derivative is applied",
                "g * p * (1 - p): each output depends on every logit",
                ["the error that goes in is exact by the probabilities; p * (g - sum(g * p)) is what belongs here"],
                [mark(spot.sites[spot.tape.site_of(factor.outer[0])], "the probabilities")],
                "the gradients miss what each probability takes from the others",
                evidence={"axes": [axis]},
            )


def repairs(scene: Scene) -> Iterator[Repair]:
    """The whole Jacobian in the place of p * (1 - p)."""
    yield from algebra.jacobian(scene, scene.finding.evidence.get("axes", ()))
