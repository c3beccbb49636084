"""The backward pass of a normalisation lacks one of its terms.

`(x - mean) / std` reads x three times: directly, through the mean, and through the variance. The derivative is the sum
of what comes back from all three; in the usual form `(dxhat - mean(dxhat) - xhat * mean(dxhat * xhat)) / std`. Often
one of the means is forgotten, or taken over another axis.

How it is proven: what went in is exact, the forward pass normalises between there and here, and with the derivative by
the value before the normalisation in place on the recorded step, the gradients become exact.

How to mend it: add the missing term. A bias in front of the normalisation then has a gradient of zero, which is right.

Looks like it and is fine: running statistics in evaluation, and statistics that are held constant on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..diagnose import local
from ..diagnose.places import mark
from ..diagnose.spot import Mend, Spot
from ..editing import algebra
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..editing.source import product

SLUG = "normalization-backward"
SEVERITY = "error"
RANK = 64
STATISTICS = frozenset(("mean", "average", "var", "std", "sum", "norm", "reduce"))
COMBINED = frozenset(("sub", "subtract", "truediv", "divide", "mul", "multiply"))
PRODUCTS = frozenset(("matmul", "dot", "tensordot", "einsum", "inner", "outer"))
ACTIVATIONS = frozenset(("exp", "log", "logaddexp", "log1p", "tanh", "maximum", "where", "clip"))


def suppose(spot: Spot) -> Iterator[Mend]:
    """The derivative by what went into the normalisation."""
    for step in local.steps(spot):
        statistic = _statistic(spot, step)
        if statistic is not None and not local.comes_back(spot, step):
            yield _mend(spot, step, statistic)


def _statistic(spot: Spot, step: local.Step) -> int | None:
    """The entry that takes a statistic of the value which is then combined with it; None where that is not so."""
    shape = local.shape_of(spot, step.inner)
    whole = local.functions(spot, [e for e in step.between if local.shape_of(spot, e) == shape])
    if local.functions(spot, step.between) & PRODUCTS or whole & ACTIVATIONS or not whole & COMBINED:
        return None
    taken = [e for e in step.between if local.functions(spot, [e]) & STATISTICS]
    smaller = [e for e in taken if np.prod(local.shape_of(spot, e)) < np.prod(shape)]
    return smaller[0] if smaller and len(shape) > 0 else None


def _mend(spot: Spot, step: local.Step, statistic: int) -> Mend:
    inner, shared = spot.text_of(step.inner), local.alike_along(step.rest)
    axes = ", ".join(map(str, shared))
    which = f"the term that is missing is the same along axis {axes}: that of the mean" if shared else ""
    return Mend(
        SLUG,
        tuple(step.values),
        list(step.values.values()),
        step.place,
        "the backward pass of this normalisation lacks a term",
        "not the whole derivative through the normalisation",
        [f"the derivative by {inner} runs through {spot.text_of(statistic)} too", *[which] * bool(which)],
        [mark(spot.sites[spot.tape.site_of(statistic)], "the derivative runs through this too")],
        "the layers in front learn to change what the normalisation takes away again",
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """The marked value less its mean, or less its part along a normalised value in sight, or less both."""
    here, np_ = scene.text_of(scene.value), scene.numpy
    axes = algebra.axes_in(scene.related(0)) or ["0", "-1"]
    for axis in axes:
        options = f"axis={axis}, keepdims=True"
        yield scene.instead(f"{here} - {np_}.mean({here}, {options})", scene.value)
    for text in dict.fromkeys([*scene.values, *scene.attributes]):
        for axis in axes:
            along = f"{product(here, text)}, axis={axis}, keepdims=True"
            yield scene.instead(f"{here} - {text} * {np_}.mean({along})", scene.value)
            yield scene.instead(f"{here} - {text} * {np_}.sum({along})", scene.value)
