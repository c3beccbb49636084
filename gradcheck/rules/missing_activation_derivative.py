"""The error is passed through an activation without its derivative.

The gradients below are computed from the derivative of the loss with respect to the activation's *output*, where the
one with respect to its input is needed: the factor `f'(z)` is missing.

How it is proven: the value is exactly the derivative with respect to the output; multiplied by the activation's own
derivative on the recorded step, the gradients become exact.

How to mend it: multiply by the derivative of the activation that the forward line applies.

Looks like it and is fine: `p - y` behind a softmax or a sigmoid with cross-entropy, where the derivative has cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..diagnose import forms
from ..diagnose.places import mark
from ..diagnose.spot import Again, Mend, Spot
from ..editing import algebra
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..editing.source import product
from ..step.compare import oriented

SLUG = "missing-activation-derivative"
SEVERITY = "error"
RANK = 20
NEAREST = 3
PRODUCTS = ("matmul", "dot")
WRITTEN = {"sigmoid": "a * (1 - a)", "tanh": "1 - a**2", "relu": "z > 0", "softplus": "sigmoid(z)"}


def suppose(spot: Spot) -> Iterator[Mend]:
    """The value, or an operand of the product that is made here, right in itself, times the derivative of the
    activation that its partner came out of.
    """
    if spot.value is not None:
        for wanted, family, outer in _through(spot, spot.value):
            yield _mend(spot, spot.apart(wanted), family, outer)
    for position, operand in enumerate(spot.operands() if spot.function in PRODUCTS else ()):
        for wanted, family, outer in _through(spot, operand) if operand is not None else ():
            if _makes_gradient(spot, position, wanted):  # then all that reads the error lacks it: it is told there
                continue
            yield _mend(spot, _with(spot, position, wanted), family, outer, "the error that goes in")


def _makes_gradient(spot: Spot, position: int, operand: np.ndarray) -> bool:
    """Whether the product with another operand is a parameter's gradient."""
    count = len(spot.operands())
    made = spot.again([operand if p == position else None for p in range(count)])
    if made is None:
        return False
    return any(m.truth.size == made.size and forms.same(oriented(made, m.truth), m.truth) for m in spot.trial.matches)


def _with(spot: Spot, position: int, operand: np.ndarray) -> list[Again]:
    return spot.with_operand(position, lambda i, _: spot.apart(operand)[i])


def _through(spot: Spot, value: np.ndarray) -> Iterator[tuple[np.ndarray, str, int]]:
    """What an error becomes behind the activation that it came back to, the activation's name, and its entry."""
    partner = spot.walk.partner(value)
    if partner is None or partner.transposed or len(partner.entries) != len(spot.entries):
        return
    outer = spot.forward_value(partner.entries)
    for count, (inner, g) in enumerate(spot.truths(value.shape, min(partner.entries))):
        if count == NEAREST:
            return
        wanted = partner.scale * g
        needed = forms.ratio(wanted, value)
        if needed is None or forms.constant(needed[0]):
            continue
        ends = [
            (i, v) for i, v in enumerate((outer, spot.forward_value(inner))) if v is not None and v.size == value.size
        ]
        families = {form.family for form, _ in forms.matches(*needed, ends) if form.family}
        if len(families) == 1:
            yield wanted, families.pop(), partner.entries[0]


def _mend(spot: Spot, values: Sequence[np.ndarray | Again], family: str, outer: int, what: str = "this") -> Mend:
    return Mend(
        SLUG,
        spot.entries,
        values,
        spot.place,
        f"the derivative of the {family} is missing: the error passes through it unchanged",
        f"derivative by the {family}'s output; its input is needed",
        [
            f"{what} is exactly the derivative of the loss by {spot.text_of(outer)}",
            f"the factor {WRITTEN[family]} is missing",
        ],
        [mark(spot.sites[spot.tape.site_of(outer)], "the activation")],
        "the layers below learn as if the activation were not there",
        evidence={"family": family},
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """The marked value times the derivative, by the names of the activation's output."""
    family, activation = str(scene.finding.evidence.get("family", "")), scene.related(0)
    for output in scene.likely([*scene.names_of(activation), *scene.inputs_of(activation)]):
        for factor in algebra.slopes(scene, family, output):
            yield scene.instead(product(scene.text_of(scene.value), factor), scene.value)
            for leaf in reversed(scene.leaves(scene.value)):  # the error comes last in most products
                yield scene.instead(f"({product(scene.text_of(leaf), factor)})", leaf)
