"""The right derivative formula, taken at another value than the forward pass went through.

`sigmoid'(a)` where the helper expects z, `a * (1 - a)` with z for a, `1 - layer**2` after the layer was multiplied by
a dropout mask, or the derivative at another layer's value. The factor has the right form, so it looks right on paper.

How it is proven: the factor is exactly the activation's derivative formula at another recorded value; with the
derivative at the right value in its place on the recorded step, the gradients become exact.

How to mend it: hand the helper what it expects: the value before the activation for `f'(z)`, the activation's own
output for a formula in a, kept from before anything else changed it.

Looks like it and is fine: `x * (1 - x)` named "sigmoid derivative" and called with the activation.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from ..diagnose import factors, forms, passive
from ..diagnose.places import mark
from ..diagnose.spot import Known, Mend, Spot
from ..editing import algebra
from ..editing.edits import Repair
from ..editing.scene import Scene

SLUG = "derivative-at-wrong-point"
SEVERITY = "error"
RANK = 30
ELEMENTWISE = ("mul", "multiply", "truediv", "divide")
SAMPLE = 4096  # an activation is told by so many entries; the mend is tried on all


def suppose(spot: Spot) -> Iterator[Mend]:
    """The same formula at the value of another activation of that kind that the forward pass went through."""
    for factor in factors.at(spot):
        if not factor.superfluous:
            continue
        for form, known in factor.as_form():
            for output in _activations(spot, form, known.value.shape) if form.family else ():
                slope = np.ravel(forms.SLOPES[form.family](output.value))[factor.there]
                if not forms.same(slope, factor.used):
                    yield _mend(spot, factor, form, known, output)
    if spot.function in ELEMENTWISE:
        for found in passive.replaced(spot):
            yield _replaced(spot, found)


def _replaced(spot: Spot, found: passive.Replaced) -> Mend:
    right, reader = spot.text_known(found.meant), spot.text_of(found.reader)
    return Mend(
        SLUG,
        spot.entries,
        [found.value],
        spot.place,
        "the derivative is taken at another value than the one it went through",
        "the derivative belongs to another value",
        [f"with the value of `{right}` in `{reader}`, this is exactly the derivative that belongs here"],
        [mark(spot.sites[spot.tape.site_of(found.meant.entry)], "the value that it belongs to")],
        "the layers below learn from a distorted gradient; near zero the difference is small and hides",
    )


def _activations(spot: Spot, form: forms.Form, shape: tuple[int, ...]) -> list[Known]:
    """Outputs of the activation that a derivative belongs to."""
    pool = spot.known(shape)
    activation = forms.ACTIVATIONS.get(form.family)
    if activation is None:
        return []
    inputs = [activation(np.ravel(k.value)[:SAMPLE]) for k in pool]
    return [k for k in pool if any(np.allclose(np.ravel(k.value)[:SAMPLE], v, rtol=1e-9, atol=0) for v in inputs)]


def _mend(spot: Spot, factor: factors.Factor, form: forms.Form, known: Known, output: Known) -> Mend:
    wanted = factor.incoming.value * forms.SLOPES[form.family](output.value)
    entries, values = spot.entries, spot.apart(wanted)
    there = spot.text_known(known)
    right = spot.text_known(output)
    return Mend(
        SLUG,
        entries,
        values,
        spot.place,
        f"the derivative of the {form.family} is taken at another value than the one it went through",
        "the derivative belongs to another value",
        [
            f"the factor is {form.text}, v from `{there}`, exact in all {factor.used.size:,} entries",
            f"it belongs to v from `{right}`",
        ],
        [
            mark(spot.sites[spot.tape.site_of(max(spot.maker(output), 0))], "the activation"),
            mark(spot.sites[spot.tape.site_of(max(spot.maker(known), 0))], "the value that was taken"),
        ],
        "the layers below learn from a distorted gradient; near zero the difference is small and hides",
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """The value that was taken exchanged for the one that the activation made, or for what went into it."""
    right, taken = scene.related(0), scene.related(1)
    hints = [*scene.names_of(right), *scene.inputs_of(right)]
    known = {*scene.names_of(taken), *scene.inputs_of(taken)}
    found = [*reversed(algebra.reads(scene))]
    found.sort(key=lambda n: scene.text_of(n) not in known)
    for leaf in found[:3]:
        for text in [*(scene.moved(leaf) if isinstance(leaf, ast.Subscript) else ()), *scene.likely(hints, 9)]:
            if text != scene.text_of(leaf):
                yield scene.instead(text, leaf)
