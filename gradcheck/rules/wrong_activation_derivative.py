"""The backward pass multiplies by the derivative of another function than the forward pass applied.

The value that goes in is exactly the derivative of the loss with respect to the activation's output; what comes out is
it times a factor that is not the activation's derivative: `1 - a` for `1 - a**2`, a sigmoid's derivative behind a
tanh, a derivative that is applied twice. Often it is a slip in a helper that looks plausible.

How it is proven: the factor is read off entry by entry and compared with the true local derivative; with the true one
in its place on the recorded step, the gradients become exact.

How to mend it: write the derivative of the function that the forward line applies.

Looks like it and is fine: `a * (1 - a)` with the activation's *output* for a, and `a > 0` for `z > 0`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..diagnose import factors, forms
from ..diagnose.places import mark
from ..diagnose.spot import Known, Mend, Spot
from ..editing import algebra
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..editing.source import product

SLUG = "wrong-activation-derivative"
SEVERITY = "error"
RANK = 40


def suppose(spot: Spot) -> Iterator[Mend]:
    """The value that went in times the true derivative of a known activation, or alone."""
    for factor in factors.at(spot):
        if forms.constant(factor.needed) and not factor.superfluous:
            continue
        family = factor.family()
        if not family and not factor.superfluous:
            continue
        used = next(iter(factor.as_form()), None)
        if factor.superfluous and (used is None or not used[0].family):
            continue
        yield _mend(spot, factor, family, used)


def _mend(spot: Spot, factor: factors.Factor, family: str, used: tuple[forms.Form, Known] | None) -> Mend:
    entries, values = factors.mends(factor)
    inner = spot.text_of(factor.inner[0])
    if factor.superfluous:
        message = f"the derivative of a {used[0].family} is applied where none belongs" if used else ""
    else:
        message = f"this factor is not the derivative of the {family}"
    proof = [f"the factor that belongs here is the derivative of {spot.text_of(factor.outer[0])}"]
    if used is not None:
        proof.append(f"the one here is {used[0].text}, v = {spot.text_known(used[1])}")
    with np.errstate(all="ignore"):
        off = np.abs(factor.used - factor.needed) > 1e-9 * np.abs(factor.needed)
    proof.append(f"it differs in {int(off.sum()):,} of {off.size:,} entries")
    return Mend(
        SLUG,
        entries,
        values,
        spot.place,
        message,
        "another factor than the activation's derivative",
        proof,
        [mark(spot.sites[spot.tape.site_of(factor.outer[0])], f"the forward line: {inner}"[:60])],
        "the layers below learn from a distorted gradient",
        evidence={"family": family},
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """One of the marked factors exchanged for the derivative, by the names of the activation's output; or left out."""
    family, activation = str(scene.finding.evidence.get("family", "")), scene.related(0)
    hints = [*scene.names_of(activation), *scene.inputs_of(activation)]
    kept = [text for text, _ in algebra.without_factors(scene)]
    if not family:
        yield from (scene.instead(text, scene.value) for text in kept)
    for output in scene.likely(hints):
        for factor in algebra.slopes(scene, family, output):
            yield from (scene.instead(product(text, factor), scene.value) for text in kept[:2])
