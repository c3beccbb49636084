"""Rows that an index names twice keep only the last contribution.

`G[ids] += g` reads the rows, adds, and stores them: where `ids` holds a number twice, the second store overwrites the
first. The gradient of an embedding, of a shared table or of a pooled window needs every contribution.

How it is proven: with each contribution counted, on the recorded step, the gradients become exact.

How to mend it: `np.add.at(G, ids, g)`, or a loop over the rows, or a product with the one-hot matrix of `ids`.

Looks like it and is fine: an index without repeats (a permutation, the rows of a minibatch drawn without replacement).
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..diagnose.spot import Mend, Spot
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..replay.functions import arguments
from ..results import Fix

SLUG = "lost-duplicate-index"
SEVERITY = "error"
RANK = 15
ADDS = {operator.add: "add", operator.sub: "subtract", np.add: "add", np.subtract: "subtract"}
ADDS |= {operator.iadd: "add", operator.isub: "subtract"}


def suppose(spot: Spot) -> Iterator[Mend]:
    """The region with every contribution of a fancy ``+=`` counted."""
    if spot.template.fn is not operator.setitem or spot.template.kind != "call":
        return
    stores = [_store(spot, entry) for entry in spot.entries]
    if any(s is None for s in stores):
        return
    counted, lost, verb = [], 0, "add"
    for target, index, value, name in (s for s in stores if s is not None):
        region = np.array(target, float)
        getattr(np, name).at(region, index, value)
        counted.append(region)
        lost, verb = lost + _repeats(target, index), name
    if lost:
        yield _mend(spot, counted, lost, verb)


def _store(spot: Spot, entry: int) -> tuple[np.ndarray, Any, Any, str] | None:
    """The array before the store, the index, what is added to the rows, and whether it is added or subtracted."""
    tape, recording = spot.tape, spot.recording
    template, codes, _ = tape.entry(entry)
    values, _ = recording.operands(entry)
    target, index = arguments(template, values, [])[0][:2]
    maker = tape.storage_born[tape.storage_of(codes[-1])]
    if maker < 0 or not isinstance(target, np.ndarray):
        return None
    made, inputs, _ = tape.entry(maker)
    added = [c for c in inputs if not _gathers(spot, c, tape.storage_of(codes[0]))]
    if made.fn not in ADDS or len(inputs) != 2 or len(added) != 1:
        return None
    value = recording.operands(maker)[0][list(inputs).index(added[0])]
    return target, index, value, ADDS[made.fn]


def _gathers(spot: Spot, code: int, storage: int) -> bool:
    """Whether an operand was read from the storage by a subscript."""
    tape = spot.tape
    born = tape.storage_born[tape.storage_of(code)] if tape.storage_of(code) >= 0 else -1
    if born < 0:
        return False
    template, inputs, _ = tape.entry(born)
    return template.fn is operator.getitem and tape.storage_of(inputs[0]) == storage


def _repeats(target: np.ndarray, index: Any) -> int:
    """How many of the elements that the index names it has named before."""
    places = np.arange(target.size).reshape(target.shape)[index]
    return int(places.size - len(np.unique(places)))


def _mend(spot: Spot, counted: list[np.ndarray], lost: int, verb: str) -> Mend:
    text = _at(spot.site.text, verb)
    told = f"count every contribution: `{text}`" if text else f"count every contribution: np.{verb}.at"
    return Mend(
        SLUG,
        spot.entries,
        counted,
        spot.place,
        "rows that the index names more than once keep only their last contribution",
        f"{lost:,} contributions are overwritten",
        [f"with all contributions counted (np.{verb}.at) the gradient is exact"],
        effect="what occurs often in a batch learns from one of its occurrences only",
        fix=Fix(told, text),
    )


def _at(source: str, verb: str) -> str | None:
    """The statement with ``np.add.at``, where it is an augmented one."""
    try:
        statement = ast.parse(source.strip()).body[0]
    except SyntaxError:
        return None
    if not isinstance(statement, ast.AugAssign) or not isinstance(statement.target, ast.Subscript):
        return None
    target, index = ast.unparse(statement.target.value), ast.unparse(statement.target.slice)
    return f"np.{verb}.at({target}, {index}, {ast.unparse(statement.value)})"


def repairs(scene: Scene) -> Iterator[Repair]:
    """``np.add.at`` for ``G[i] = G[i] + g``."""
    statement = scene.node
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.BinOp):
        return
    target, value = statement.targets[0], statement.value
    if isinstance(target, ast.Subscript) and scene.text_of(target) == scene.text_of(value.left):
        verb = "subtract" if isinstance(value.op, ast.Sub) else "add"
        parts = ", ".join(map(scene.text_of, (target.value, target.slice, value.right)))
        yield scene.instead(f"{scene.numpy}.{verb}.at({parts})")
