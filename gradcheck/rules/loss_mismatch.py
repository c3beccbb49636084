"""The error at the output belongs to another loss than the one the script computes.

`a - y` is the derivative of cross-entropy behind a sigmoid or a softmax; `(a - y) * a * (1 - a)` that of the squared
error behind a sigmoid. Either trains, but the loss that is printed is not the one that is descended.

How it is proven: the output's error is exactly that of the other loss; with the script's own loss's error in its place
on the recorded step the gradients become exact.

How to mend it: report the loss whose derivative is used, or use the derivative of the loss that is reported.

Looks like it and is fine: `a - y` with a cross-entropy reported, and any constant factor.
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
from ..editing.source import product

SLUG = "loss-mismatch"
SEVERITY = "error"
RANK = 12


def suppose(spot: Spot) -> Iterator[Mend]:
    """The own loss's error at the output."""
    if spot.trial.hypothesis.source != "own":
        return
    for factor in factors.at(spot):  # squared error's delta with a cross-entropy
        if factor.superfluous and not spot.walk.later_products(factor.outer[0]):
            for form, known in factor.as_form():
                if form is forms.SIGMOID_OF_OUTPUT and not factors.is_softmax(known.value):
                    yield _mend(spot, factor.wanted, "the squared error", "cross-entropy")
    yield from _cross_entropy(spot)


def _cross_entropy(spot: Spot) -> Iterator[Mend]:
    """`a - y` where the sigmoid's derivative is still needed."""
    value = spot.value
    partner = None if value is None else spot.walk.partner(value)
    if value is None or partner is None or partner.transposed or len(partner.entries) != len(spot.entries):
        return
    if spot.walk.later_products(partner.entries[0]):
        return
    outer = spot.forward_value(partner.entries)
    for count, (_, g) in enumerate(spot.truths(value.shape, min(partner.entries))):
        if count == 3 or outer is None or outer.size != value.size:
            return
        wanted = partner.scale * g
        needed = forms.ratio(wanted, value)
        if needed is None or forms.constant(needed[0]):
            continue
        if any(form is forms.SIGMOID_OF_OUTPUT for form, _ in forms.matches(*needed, [(0, outer)])):
            yield _mend(spot, wanted, "cross-entropy", "the squared error")


def _mend(spot: Spot, wanted: np.ndarray, used: str, own: str) -> Mend:
    loss = spot.walk.made.loss_site(spot.trial, spot.tape)
    return Mend(
        SLUG,
        spot.entries,
        spot.apart(wanted),
        spot.place,
        f"the error at the output is that of {used}, the loss that is computed is {own}",
        f"the derivative of {used}",
        [f"the error is exactly the derivative of {used}; the derivative of the script's loss makes all exact"],
        [mark(spot.sites[loss], "the loss that is computed")],
        "it trains, but the loss that is printed is not the one that is descended",
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """The error without the factor, or with it."""
    for text, left in algebra.without_factors(scene):
        if len(left) == 2:
            yield scene.instead(text, scene.value)
    for leaf in scene.leaves(scene.value):
        factor = algebra.slopes(scene, "sigmoid", scene.text_of(leaf))[0]
        yield scene.instead(product(scene.text_of(scene.value), factor), scene.value)
