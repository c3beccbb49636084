"""The error is sent back through weights that were already updated in this step.

The derivative of a forward line needs the weights that the line read. Where the update comes first, the backward pass
reads the next version. The error is proportional to the learning rate, so training mostly works, and a gradient check
at a rate of zero passes.

How it is proven: the update of the array lies before the read in the recorded step, and with the version that the
forward pass read in place, the product is exactly the derivative and the gradients become exact.

How to mend it: compute all errors before the first update, or keep a copy.

Looks like it and is fine: weights updated after the last read, and a fancy index or `copy()` that kept the old values.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import numpy as np

from ..diagnose.places import mark
from ..diagnose.spot import Known, Mend, Spot
from ..editing import algebra
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..tape import CONST

SLUG = "stale-weights"
SEVERITY = "error"
RANK = 5


def suppose(spot: Spot) -> Iterator[Mend]:
    """The product with the version of the weights that the forward pass read."""
    from .wrong_operand import is_product, replaced

    if not is_product(spot) or not any(_updated(spot, p) for p in range(spot.template.inputs)):
        return
    for position, other, known in replaced(spot):
        if is_stale(spot, position, known):
            yield _mend(spot, position, other, known)


def _updated(spot: Spot, position: int) -> int | None:
    """The entry of the update that the operand was read after, if it is a parameter's later version."""
    tape, entry = spot.tape, spot.entries[0]
    code = tape.entry(entry)[1][position]
    if code & 3 == CONST:
        return None
    storage = tape.storage_of(code)
    found = None
    for candidate in spot.walk.made.parameters:
        for updates in candidate.rounds:
            for u in updates:
                if u.entry < entry and tape.storage_of(u.new) == storage:
                    found = max(u.entry, found or -1)
    return found if found is not None and found >= min(spot.walk.forward, default=0) else None


def is_stale(spot: Spot, position: int, known: Known) -> bool:
    """Whether an operand is a later version of the parameter that the known value is."""
    update = _updated(spot, position)
    if update is None or known.position < 0 or known.entry > update:
        return False
    tape = spot.tape
    read = tape.storage_of(tape.entry(known.entry)[1][known.position])
    now = tape.storage_of(tape.entry(spot.entries[0])[1][position])
    if read == now:
        return True
    for candidate in spot.walk.made.parameters:
        storages = {tape.storage_of(c) for updates in candidate.rounds for u in updates for c in (u.old, u.new)}
        if read in storages and now in storages:
            return True
    return False


def _mend(spot: Spot, position: int, other: np.ndarray, known: Known) -> Mend:
    update = _updated(spot, position)
    assert update is not None
    sites, tape = spot.sites, spot.tape
    return Mend(
        SLUG,
        spot.entries,
        spot.with_operand(position, lambda i, _: spot.apart(other)[i]),
        spot.place,
        "the error is sent back through weights that were already updated",
        "reads the next version of the weights",
        ["with the version that the forward pass read, this product is exactly the derivative"],
        [
            mark(sites[tape.site_of(known.entry)], "the forward pass reads this version"),
            mark(sites[tape.site_of(update)], "writes the next version"),
        ],
        "the error is proportional to the learning rate: training mostly works, and fails with large steps",
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """A copy of the weights from before their update."""
    update = scene.related(1)
    if update is None or update.source is not scene.source:
        return
    statement = scene.source.statement(update.node)
    if not isinstance(statement, ast.Assign | ast.AugAssign):
        return
    target = statement.target if isinstance(statement, ast.AugAssign) else statement.targets[0]
    text = scene.text_of(target)
    name = algebra.fresh_name(scene, "old_" + re.findall(r"[A-Za-z_]\w*", text.partition("[")[0])[-1])
    kept = scene.source.line_before(statement, f"{name} = {text}.copy()")
    for leaf in scene.leaves(scene.value):
        if scene.text_of(leaf) == text:
            yield (kept, *scene.instead(name, leaf))
