"""A product of the backward pass uses another array than the one that went through the forward line.

Another layer's activation, the value before the activation for the one after it (or the reverse), the error of another
layer, an entry of a cache that has moved on. The shapes fit, so nothing complains.

How it is proven: the same product with one operand replaced by another recorded value is exactly the derivative that
belongs there; with it in place on the recorded step, the gradients become exact.

How to mend it: use the value that the forward line read.

Looks like it and is fine: a value under another name, or a copy.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from ..diagnose import passive
from ..diagnose.places import mark
from ..diagnose.spot import Known, Mend, Spot
from ..editing.edits import Repair
from ..editing.scene import Scene
from .stale_weights import is_stale

SLUG = "wrong-operand"
SEVERITY = "error"
RANK = 60
ELEMENTWISE = ("multiply", "divide", "mul", "truediv")
PRODUCTS = ("matmul", "dot", "inner", "outer", "tensordot", "einsum", *ELEMENTWISE)
MOST_UNSURE = 12


def suppose(spot: Spot) -> Iterator[Mend]:
    """The product with one operand replaced by another value that the forward pass made or read."""
    if not is_product(spot):
        return
    for position, other, known in replaced(spot):
        if not is_stale(spot, position, known):
            yield _mend(spot, position, other, known)
    for found in passive.replaced(spot):
        yield _behind(spot, found)


def is_product(spot: Spot) -> bool:
    """Whether a product is computed here: of arrays along an axis, or of two numbers, as in a loop over weights."""
    return spot.function in PRODUCTS


def _behind(spot: Spot, found: passive.Replaced) -> Mend:
    right, reader = spot.text_known(found.meant), spot.text_of(found.reader)
    return Mend(
        SLUG,
        spot.entries,
        [found.value],
        spot.place,
        "this product uses another array than the forward line did",
        f"`{reader}` should have the value of {right}"[:70],
        [f"with the value of `{right}` in `{reader}` the product is exactly the derivative"],
        [mark(spot.sites[spot.tape.site_of(found.meant.entry)], "the value that belongs there")],
        "the shapes fit, so nothing complains; the gradient belongs to another layer's input",
    )


def replaced(spot: Spot) -> Iterator[tuple[int, np.ndarray, Known]]:
    """Operands that may be meant for another, the likeliest first: those with which the place makes a multiple of an
    adjoint.
    """
    value, operands = spot.value, spot.operands()
    if value is None or any(o is None for o in operands) or len(operands) != 2:
        return
    entrywise = spot.function in ELEMENTWISE and spot.tape.shape_of(spot.tape.results(spot.entries[0])[0]) != ()
    later: list[tuple[int, np.ndarray, Known]] = []
    unsure: list[tuple[int, np.ndarray, Known]] = []
    errors_last = sorted(range(len(operands)), key=lambda i: bool(spot.walk.partners(operands[i])))
    for position in errors_last:
        operand = operands[position]
        assert operand is not None
        if entrywise and not _meets_an_error(spot, operands, position):
            continue
        for known, other in _others(spot, operand) if operand.ndim else ():
            again = spot.again([other if i == position else None for i in range(len(operands))])
            if again is None or again.shape != value.shape:
                continue
            if spot.belongs(again):
                yield position, other, known
            elif spot.begins_right(again):
                later.append((position, other, known))
            elif len(unsure) < MOST_UNSURE and not entrywise:
                unsure.append((position, other, known))
    yield from (*later[:MOST_UNSURE], *unsure)  # one term of a gradient is no adjoint itself; the trial decides


def _meets_an_error(spot: Spot, operands: list[np.ndarray | None], position: int) -> bool:
    """Whether an operand of a product entry by entry is an array of the forward pass, and the other one an error that
    comes back.
    """
    own, other = operands[position], operands[1 - position]
    assert own is not None and other is not None
    if not (own.ndim and other.ndim) or spot.walk.partners(own):
        return False
    first = spot.at_origin(other)
    return bool(spot.walk.partners(first)) or spot.walk.is_share(first)


def _others(spot: Spot, operand: np.ndarray) -> Iterator[tuple[Known, np.ndarray]]:
    """Other values of the operand's shape, as they are or transposed; for an error, other errors that were there."""
    partner = spot.walk.partner(operand)
    if partner is not None:
        for entries, g in spot.truths(operand.shape):
            if entries != partner.entries and entries in spot.walk.computed:
                yield Known(entries[0], -1, g), partner.scale * g
    for known in spot.known(operand.shape):
        if not np.array_equal(known.value, operand):
            yield known, known.value
    first = operand.ndim - 2
    if first < 0:
        return
    turned = (*operand.shape[:first], operand.shape[-1], operand.shape[-2])
    for known in spot.known(turned):
        other = known.value.swapaxes(-1, -2)
        if not np.array_equal(other, operand):
            yield known, other


def _mend(spot: Spot, position: int, other: np.ndarray, known: Known) -> Mend:
    right = spot.text_known(known)
    return Mend(
        SLUG,
        spot.entries,
        spot.with_operand(position, lambda i, _: spot.apart(other)[i]),
        spot.place,
        "this product uses another array than the forward line did",
        f"operand {position + 1} should be the value of {right}"[:70],
        [f"with the value of {right} in place of operand {position + 1} the product is exactly the derivative"],
        [mark(spot.sites[spot.tape.site_of(known.entry)], "the value that belongs there")],
        "the shapes fit, so nothing complains; the gradient belongs to another layer's input",
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """One of the values read exchanged for one that the forward line reads, for another of its list, for any in
    sight.
    """
    right = scene.related(0)
    inside = scene.within(right)
    leaves = scene.leaves(scene.value)
    hints = [*inside, *scene.names_of(right)]
    for leaf in leaves:
        if isinstance(leaf, ast.Subscript):
            yield from (scene.instead(text, leaf) for text in scene.moved(leaf) if text not in hints)
    for text in scene.likely(hints):
        yield from (scene.instead(text, leaf) for leaf in leaves if text != scene.text_of(leaf))
