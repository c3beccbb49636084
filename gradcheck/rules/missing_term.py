"""A value is used in several places of the forward pass; the backward pass counts only some.

A skip connection, a shared weight, the hidden state of a recurrent net: the derivative is the sum of what comes back
from each use. One of the terms is missing, has the wrong sign, overwrites another, or is added before a layer that it
does not go through.

How it is proven: the value as computed is exactly one of the terms (or their difference); with the whole sum in its
place on the recorded step, the gradients become exact.

How to mend it: add what comes back from the other use.

Looks like it and is fine: a path that is cut on purpose (a detached target, truncated backpropagation through time).
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..diagnose import uses
from ..diagnose.places import mark
from ..diagnose.spot import Mend, Spot
from ..editing import usual
from ..editing.edits import Repair
from ..editing.scene import Scene

SLUG = "missing-term"
SEVERITY = "error"
RANK = 70
TOO_MANY = "two errors are added up here, and one of them belongs elsewhere"
ELSEWHERE = "what comes back along one path goes through the derivative of another too"


def suppose(spot: Spot) -> Iterator[Mend]:
    """The other sign between two right values, and the whole derivative of a value with several uses."""
    yield from _other_sign(spot)
    yield from _one_too_many(spot)
    for part in uses.parts_of_parameters(spot):
        left = ", ".join(dict.fromkeys(f"`{spot.text_of(r)}`" for r in part.left))
        why = f"this is exactly what comes back from `{spot.text_of(part.used)}`; that of {left} is missing"
        yield _mend(spot, {spot.origin: part.wanted}, why, part.left[0])
    for whole in uses.wholes(spot):
        yield _mend(spot, whole.values, f"the derivative by {spot.text_of(whole.entry)} has another term")


def _other_sign(spot: Spot) -> Iterator[Mend]:
    signs = {"add": operator.sub, "sub": operator.add, "subtract": np.add}
    other = signs.get(spot.function)
    if other is not None and len(spot.incoming(deep=False)) == 2:
        value = spot.again(list(spot.operands()), other)
        if value is not None and spot.value is not None and value.shape == spot.value.shape:
            values = dict(zip(spot.entries, spot.apart(value), strict=True))
            yield _mend(spot, values, "the two terms belong together with the other sign")


def _one_too_many(spot: Spot) -> Iterator[Mend]:
    """One of two right values that are added up, without the other: that belongs elsewhere."""
    if spot.function not in ("add", "sub", "subtract") or len(spot.incoming(deep=False)) != 2:
        return
    for position, operand in enumerate(spot.operands()):
        if operand is not None and spot.value is not None and operand.shape == spot.value.shape:
            values = dict(zip(spot.entries, spot.apart(operand), strict=True))
            why = f"operand {position + 1} alone is the derivative that belongs here"
            yield replace(_mend(spot, values, why), message=TOO_MANY, label="one term too many", effect=ELSEWHERE)


def _mend(spot: Spot, values: dict[int, np.ndarray], why: str, left: int | None = None) -> Mend:
    return Mend(
        SLUG,
        tuple(values),
        list(values.values()),
        spot.place,
        "the error that comes back from one use of this value is missing or has the wrong sign",
        "not the whole derivative",
        [why],
        [mark(spot.sites[spot.tape.site_of(left)], "the other use")] if left is not None else [],
        effect="what the value does elsewhere in the forward pass is not learned",
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """The other sign; the marked value plus another in sight; plus a product with what the other use reads."""
    if isinstance(scene.value, ast.BinOp) and isinstance(scene.value.op, ast.Add | ast.Sub):
        yield from usual.signs(scene)
    here, read = scene.text_of(scene.value), scene.leaves(scene.value)
    inside = scene.within(scene.related(0))
    for leaf in read if inside else ():
        for text in inside[:2]:
            for other in scene.values[:8]:
                if other not in (text, scene.text_of(leaf)):
                    yield scene.instead(f"{here} + {other}.T @ {text}", scene.value)
                    yield scene.instead(f"{here} + {text}.T @ {other}", scene.value)
        break
    for text in scene.values[:12]:
        if text not in map(scene.text_of, read):
            yield scene.instead(f"{here} + {text}", scene.value)
