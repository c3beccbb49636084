"""The gradient of a bias is summed over the wrong axis, or over all of them, or not at all.

The bias of a unit is added to every sample, so its gradient is the sum of the error over the samples, one number for
each unit.

How it is proven: the error that goes into the sum is exact, and its sum over the axes of the samples is exactly the
true gradient of the bias.

How to mend it: sum over the axis of the samples only (`axis=0` where rows are samples, `axis=1, keepdims=True` where
columns are).

Looks like it and is fine: a single bias for the whole layer; a mean where the error was not divided before.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from ..diagnose import forms
from ..diagnose.spot import Mend, Spot
from ..editing import algebra
from ..editing.edits import Repair
from ..editing.scene import Scene

SLUG = "bias-gradient-axis"
SEVERITY = "error"
RANK = 20
REDUCTIONS = ("sum", "mean", "average", "add", "reduce")


def suppose(spot: Spot) -> Iterator[Mend]:
    """The error summed over other axes is the gradient itself."""
    if len(spot.entries) > 1:
        return
    right = spot.function in REDUCTIONS
    arrays = [i.value for i in spot.incoming(deep=False)]
    value = spot.value
    for error in arrays:
        if error.ndim < 2 or value is None or (value.size >= error.size and not right) or _sums_another(spot, error):
            continue
        for v in spot.verdicts:
            t = np.ravel(v.match.truth) if v.match is not None else np.zeros(0)
            axes = _axes(error, t)
            if axes is not None and t.size > 1:
                yield _mend(spot, error, axes)


def _sums_another(spot: Spot, error: np.ndarray) -> bool:
    """Whether what is summed here is another array of the error's size: then the mistake came before."""
    sized = [o for o in spot.operands() if o is not None and o.size == error.size]
    return bool(sized) and not any(forms.same(o, error) for o in sized)


def _axes(error: np.ndarray, t: np.ndarray) -> tuple[int, ...] | None:
    """The axes over which the error sums up to the gradient."""
    for count in range(1, error.ndim):
        for axes in combinations(range(error.ndim), count):
            total = error.sum(axis=axes)
            if total.size == t.size and forms.same(total, t):
                return axes
    return None


def _mend(spot: Spot, error: np.ndarray, axes: tuple[int, ...]) -> Mend:
    text = ", ".join(map(str, axes))
    return Mend(
        SLUG,
        (),
        [],
        spot.place,
        "this bias gradient is not the sum of the error over the samples",
        f"the sum over axis {text} is the gradient",
        [f"the error that goes in is exact; summed over axis {text} it is exactly the gradient of the bias"],
        effect="the units share one value, or each gets that of another",
        evidence={"axes": list(axes)},
        gradient=error.sum(axis=axes),
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """The sum over the axes of the samples, in the shape that the bias has."""
    axes = tuple(scene.finding.evidence.get("axes", ()))
    for keep in (False, True) if axes else ():
        yield scene.instead(algebra.reduced(scene, scene.value, axes, keep=keep), scene.value)
