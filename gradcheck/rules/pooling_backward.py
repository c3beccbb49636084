"""The backward pass of a pooling layer sends the error to the wrong entries, or in the wrong amount.

Max pooling hands on one entry of each window, so its error belongs to that entry alone; average pooling hands on the
mean, so each entry gets its share. Often the whole window gets the error, the division by its size is forgotten, or the
windows of the backward loop are not those of the forward loop.

How it is proven: the error that went in is exact, the forward pass only selects or averages between there and here, and
with the derivative by the pooling's input in place on the recorded step, the gradients become exact.

How to mend it: keep the position (or the mask) of each maximum in the forward pass, and put the error there.

Looks like it and is fine: windows with several equal maxima, where the error may go to any of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain

import numpy as np

from ..diagnose import local
from ..diagnose.places import mark
from ..diagnose.spot import Mend, Spot
from ..editing.edits import Repair
from ..editing.scene import Place, Scene
from ..editing.source import Source

SLUG = "pooling-backward"
SEVERITY = "error"
RANK = 66
SELECTING = frozenset(("max", "amax", "nanmax", "maximum", "mean", "average", "take", "take_along_axis", "choose"))
MOVING = frozenset(
    ("reshape", "transpose", "ravel", "flatten", "copy", "array", "asarray", "stack", "pad", "getitem", "setitem")
    + ("swapaxes", "moveaxis", "expand_dims", "squeeze", "sliding_window_view", "concatenate", "")
)


def suppose(spot: Spot) -> Iterator[Mend]:
    """The derivative by what went into the pooling."""
    for step in chain(local.steps(spot), local.assembled(spot), local.windows(spot)):
        pooling = _pooling(spot, step)
        if pooling is not None:
            yield _mend(spot, step, pooling)


def _pooling(spot: Spot, step: local.Step) -> int | None:
    """The first entry that selects or averages, where nothing else happens on the way; None where that is not so."""
    fewer = np.prod(local.shape_of(spot, step.outer)) < step.wanted.size
    if not fewer or local.functions(spot, step.between) - SELECTING - MOVING:
        return None
    selecting = [e for e in step.between if local.functions(spot, [e]) & SELECTING]
    picked = [e for e in step.between if spot.tape.entry(e)[0].kind == "element"]
    return next(iter(selecting or picked), None)


def _mend(spot: Spot, step: local.Step, pooling: int) -> Mend:
    is_mean = bool(local.functions(spot, [pooling]) & {"mean", "average"})
    chosen = f"{int(np.count_nonzero(step.wanted)):,} of {step.wanted.size:,} entries went through it"
    return Mend(
        SLUG,
        tuple(step.values),
        list(step.values.values()),
        step.place,
        f"the error goes back through the {'average' if is_mean else 'max'} pooling to the wrong entries",
        "not where the forward pass took its entries from",
        [f"the forward pass pools in `{spot.text_of(pooling)}`: {chosen}"],
        [mark(spot.sites[spot.tape.site_of(pooling)], "the forward pass")],
        "the layers in front are told of entries that never reached the loss",
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """The windows of the forward pass; the error where the pooled value came from; a share for each entry."""
    forward = scene.related(0)
    if forward is None:
        return
    yield from _same_windows(scene, forward)
    here = scene.text_of(scene.value)
    for leaf in scene.leaves(scene.value):
        for pooled in scene.names_of(forward):
            spread = scene.with_part(leaf, pooled, scene.value)
            for text in scene.values[:30]:
                if text not in (pooled, scene.text_of(leaf)):
                    yield scene.instead(f"{here} * ({text} == {spread})", scene.value)


def _same_windows(scene: Scene, forward: Place) -> Iterator[Repair]:
    """The marked slices as the forward pass writes them, with what only its function knows written out."""
    target = getattr(scene.node, "target", None)
    room = forward.source.function(forward.node) or forward.source.tree
    for node in ast.walk(room):
        if isinstance(node, ast.Subscript) and isinstance(target, ast.Subscript):
            text = forward.source.source(node.slice)
            if isinstance(node.ctx, ast.Load) and text != scene.text_of(target.slice) and ":" in text:
                yield scene.instead(_known_here(scene, forward.source, room, node.slice), target.slice)


def _known_here(scene: Scene, source: Source, room: ast.AST, node: ast.expr) -> str:
    """The text of an expression of another function; names that are not set here give way to what they stand for."""
    here = {n.id for n in ast.walk(scene.room) if isinstance(n, ast.Name)}
    there: dict[str, ast.expr] = {}
    for statement in ast.walk(room):
        if isinstance(statement, ast.Assign):
            target, value = statement.targets[0], statement.value
            both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            pairs = zip(target.elts, value.elts, strict=False) if both else [(target, value)]  # type: ignore[attr-defined]
            there |= {t.id: v for t, v in pairs if isinstance(t, ast.Name)}
    tree = ast.parse(f"_[{source.source(node)}]", mode="eval").body

    class Written(ast.NodeTransformer):
        def visit_Name(self, name: ast.Name) -> ast.expr:
            return name if name.id in here or name.id == "_" else there.get(name.id, name)

    found = Written().visit(tree)
    return ast.unparse(found)[2:-1]
