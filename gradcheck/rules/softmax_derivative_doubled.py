"""The derivative of the softmax is applied a second time.

For cross-entropy behind a softmax the derivative with respect to the logits is already `p - y`: the softmax's own
derivative has cancelled against that of the logarithm. Multiplying by `p * (1 - p)` (or by the softmax's Jacobian)
again shrinks the gradient and turns it, so the loss still falls for a while and the mistake looks like a bad learning
rate.

How it is proven: the value that goes in is exactly the derivative of the loss with respect to the logits; what comes
out is it times `p * (1 - p)`, to rounding, in every entry. With the factor taken out on the recorded step the gradients
become exact.

How to mend it: drop the factor.

Looks like it and is fine: `(a - y) * a * (1 - a)` behind a sigmoid with a squared error, and the full Jacobian applied
to `-y / p`.
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
from ..editing.source import wrapped
from ..results import Fix

SLUG = "softmax-derivative-doubled"
SEVERITY = "error"
RANK = 10
EFFECT = "the gradients turn and shrink; they still point downhill at first, so it looks like a bad learning rate"


def suppose(spot: Spot) -> Iterator[Mend]:
    """The value that went in, without the factor."""
    for factor in factors.at(spot):
        if not factor.superfluous:
            continue
        known = next(
            (k for form, k in factor.as_form() if form is forms.SIGMOID_OF_OUTPUT and factors.is_softmax(k.value)), None
        )
        if known is not None or _jacobian(factor):
            yield _mend(spot, factor)


def _jacobian(factor: factors.Factor) -> bool:
    """Whether the value is the softmax's whole Jacobian applied to the incoming one."""
    g, value = factor.incoming.value, factor.spot.value
    for known in factor.spot.known(g.shape):
        p = known.value
        for axis in range(p.ndim) if factors.is_softmax(p) else ():
            if value is not None and forms.same(value, p * (g - np.sum(g * p, axis=axis, keepdims=True))):
                return True
    return False


def _mend(spot: Spot, factor: factors.Factor) -> Mend:
    source = spot.text_of(factor.incoming.entries[0])
    entries, values = factors.mends(factor)
    mean = float(np.mean(np.abs(factor.used)))
    return Mend(
        SLUG,
        entries,
        values,
        spot.place,
        "the softmax derivative is applied a second time",
        "extra factor p * (1 - p)",
        [
            f"what goes in, {source}, is already the derivative of the loss by the logits, up to a constant",
            f"the factor is p * (1 - p) in all {factor.used.size:,} entries; its mean is {mean:.3g}",
        ],
        [mark(spot.sites[spot.tape.site_of(factor.incoming.entries[0])], "already the derivative by the logits")],
        EFFECT,
        Fix("leave the factor out", wrapped(source)),
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """The marked product without some of its factors."""
    yield from (scene.instead(text, scene.value) for text, _ in algebra.without_factors(scene))
