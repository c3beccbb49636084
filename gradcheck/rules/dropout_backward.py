"""The backward pass treats dropout otherwise than the forward pass did.

The forward pass multiplies by a mask and a scale (`mask * 2` where half the units are kept); the backward pass has to
multiply by the same. The mask is forgotten, or the scale is, or another mask is drawn.

How it is proven: the mask and its scale are read off the recorded forward line; with them in place on the recorded
step the gradients become exact, or the factor that is left is exactly the scale.

How to mend it: keep the scaled mask of the forward pass and multiply by it.

Looks like it and is fine: a mask without a scale on both sides, and inverted dropout on both sides.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..diagnose import forms, scales
from ..diagnose.places import finding_at, mark
from ..diagnose.spot import Mend, Spot
from ..diagnose.stepview import Mistake, StepView
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..editing.source import product
from ..results import Finding
from ..tape import CONST

SLUG = "dropout-backward"
SEVERITY = "error"
RANK = 15
NEAREST = 3
DIVISIONS = frozenset((operator.truediv, operator.itruediv, np.divide))
PRODUCTS = frozenset((operator.mul, operator.imul, np.multiply))
SAME = 1e-8


def suppose(spot: Spot) -> Iterator[Mend]:
    """The value, right in itself, times the mask that the forward pass multiplied its partner by."""
    value = spot.value
    partner = None if value is None else spot.walk.partner(value)
    if value is None or partner is None or partner.transposed or len(partner.entries) != len(spot.entries):
        return
    for count, (_, g) in enumerate(spot.truths(value.shape, min(partner.entries))):
        if count == NEAREST:
            return
        wanted = partner.scale * g
        needed = forms.ratio(wanted, value)
        if needed is None or not _is_mask(needed[0]):
            continue
        drawn = next(
            (k for k in spot.known(value.shape) if _is_mask(k.value) and _drawn(spot, k.entry, k.position)), None
        )
        if drawn is not None and forms.same(needed[0], np.ravel(drawn.value)[needed[1]]):
            yield Mend(
                SLUG,
                spot.entries,
                spot.apart(wanted),
                spot.place,
                "the dropout mask of the forward pass is not applied here",
                "the forward pass dropped some of these units",
                [f"the factor that is missing is the mask of {spot.text_of(partner.entries[0])}"],
                [mark(spot.sites[spot.tape.site_of(partner.entries[0])], "the forward pass applies the mask")],
                "units that were switched off are trained as if they had been on",
            )


def _drawn(spot: Spot, entry: int, position: int) -> bool:
    """Whether a value depends on no parameter."""
    _, inputs, outputs = spot.tape.entry(entry)
    code = outputs[0] if position < 0 else inputs[position]
    return code & 3 != CONST and spot.tape.storage_of(code) not in spot.walk.active


def _is_mask(v: np.ndarray) -> bool:
    """Whether some entries are zero and all others are one number."""
    rest = v[v != 0]
    return 0 < rest.size < v.size and bool(np.allclose(rest, rest.flat[0], rtol=1e-9, atol=0))


def name(view: StepView, mistake: Mistake) -> Finding | None:
    """The finding where the mask is applied with another scale than in the forward pass."""
    factor, trial = mistake.factor, mistake.first.trial
    if factor <= 0 or mistake.entry < 0 or trial is None:
        return None
    operands = [np.asarray(v, float) for v in trial.recording.operands(mistake.entry)[0] if isinstance(v, np.ndarray)]
    masks = [v for v in operands if _is_mask(v)]
    if not masks:
        return None
    found = _forward(view, mistake, masks[0], abs(factor))
    if found is None:
        return None
    entry, scale = found
    names = view.names([v.candidate for v in mistake.verdicts])
    return finding_at(
        view.site(mistake.place),
        SLUG,
        "error",
        message=f"the forward pass scales the dropout mask by {scales.as_text(scale)}, the backward pass does not",
        label="the mask without its scale",
        parameter=names[0],
        parameters=names,
        related=[mark(view.site_of(entry), f"mask times {scales.as_text(scale)}")],
        proof=[f"the factor that is left in the gradient of {names[0]} is exactly {scales.as_text(abs(factor))}"],
        effect="the layers below the dropout learn at another rate than those above",
        evidence={"factor": factor, "scale": scale},
        training=view.number,
    )


def _forward(view: StepView, mistake: Mistake, mask: np.ndarray, factor: float) -> tuple[int, float] | None:
    """A forward entry that multiplies by the mask times 1 / factor, and that scale."""
    trial = mistake.first.trial
    assert trial is not None
    masked: set[int] = set()
    for entry in (e for e in trial.recording.entries if e <= mistake.entry):
        template, inputs, _ = view.tape.entry(entry)
        if template.kind not in ("op", "inplace"):
            continue
        values = trial.recording.operands(entry)[0]
        if any(view.tape.storage_of(c) in masked for c in inputs if c & 3 != CONST):
            scale = _scale(template.fn, values)
            if scale is not None and abs(scale * factor - 1) < SAME:
                return entry, scale
        for code, v in zip(inputs, values, strict=True):
            if code & 3 == CONST or not isinstance(v, np.ndarray) or v.shape != mask.shape or not _is_mask(v):
                continue
            ratio = float(v[v != 0].flat[0] / mask[mask != 0].flat[0])
            if forms.same(v, mask) and abs(ratio * factor - 1) < SAME and abs(ratio - 1) > SAME:
                return entry, ratio
            if forms.same(v, mask):
                masked |= view.tape.made(entry)
    return None


def _scale(fn: object, values: Sequence[Any]) -> float | None:
    """The number that a masked value is multiplied by; None where it is not."""
    numbers = [float(v) for v in values if np.ndim(v) == 0 and v is not None]
    if len(values) != 2 or len(numbers) != 1 or not numbers[0]:
        return None
    if fn in DIVISIONS and np.ndim(values[1]) == 0:
        return 1 / numbers[0]
    return numbers[0] if fn in PRODUCTS else None


def repairs(scene: Scene) -> Iterator[Repair]:
    """The marked value times the mask, or its mask times the scale, as the forward line has them."""
    forward, scale = scene.related(0), scene.finding.evidence.get("scale")
    if scale is None:
        for text in scene.likely(scene.within(forward)):
            yield scene.instead(product(scene.text_of(scene.value), text), scene.value)
        return
    statement = forward.node if forward is not None else None
    if isinstance(statement, ast.AugAssign) and forward is not None:
        yield scene.instead(forward.source.source(statement.value), scene.value)
    yield scene.instead(product(scene.text_of(scene.value), f"{scale:g}"), scene.value)
