"""Small edits that mend many a line whatever is wrong with it: a sign, a transpose, an axis, another of the names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import permutations

from . import algebra
from .edits import Repair
from .scene import Scene
from .source import product, wrapped

WIDEST = 40  # values in sight that are asked for
FEW = 14  # those that are also asked for in pairs


def repairs(scene: Scene) -> Iterator[Repair]:
    """The usual slips of the marked place turned round, one at a time."""
    for node in ast.walk(scene.node):
        if isinstance(node, ast.expr):
            yield from _turned(scene, node)
    yield from signs(scene)
    yield from other_values(scene)


def _turned(scene: Scene, node: ast.expr) -> Iterator[Repair]:
    """A transpose or a division by a mean the other way."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        for side in (node.left, node.right):
            yield scene.instead(transposed(scene, side), side)
    elif scene.called(node) in ("dot", "matmul") and isinstance(node, ast.Call):
        method = len(node.args) == 1 and isinstance(node.func, ast.Attribute)
        for side in (*([node.func.value] if method else []), *node.args):  # type: ignore[attr-defined]
            yield scene.instead(transposed(scene, side), side)


def transposed(scene: Scene, node: ast.expr) -> str:
    """The text of an expression, transposed."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return scene.text_of(node.value)
    return f"{wrapped(scene.text_of(node))}.T"


def signs(scene: Scene) -> Iterator[Repair]:
    """Sums with the other sign, the outermost first."""
    node = scene.node
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        operator = "+=" if isinstance(node.op, ast.Sub) else "-="
        yield scene.instead(f"{scene.text_of(node.target)} {operator} {scene.text_of(node.value)}")
    for part in ast.walk(node):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub):
            operator = "+" if isinstance(part.op, ast.Sub) else "-"
            right = scene.text_of(part.right)
            is_sum = isinstance(part.right, ast.BinOp) and isinstance(part.right.op, ast.Add | ast.Sub)
            right = wrapped(right) if is_sum else right
            yield scene.instead(f"{scene.text_of(part.left)} {operator} {right}", part)


def other_values(scene: Scene) -> Iterator[Repair]:
    """One of the values read there exchanged for another that is in sight: first its neighbours in a list."""
    leaves = scene.leaves(scene.value)
    for leaf in leaves:
        if isinstance(leaf, ast.Subscript):
            yield from (scene.instead(text, leaf) for text in scene.moved(leaf))
    for text in scene.values:
        for leaf in leaves:
            if text != scene.text_of(leaf):
                yield scene.instead(text, leaf)


def wide(scene: Scene) -> Iterator[str]:
    """Texts for the marked expression by the hundred: to be asked for their value, not to be run one by one."""
    here = scene.text_of(scene.node)
    values = list(dict.fromkeys([*scene.within(scene.related(0)), *scene.values[:WIDEST], *scene.attributes]))
    leaves = scene.leaves(scene.node)
    kept = [here, *(text for text, _ in algebra.without_factors(scene))]
    yield from kept[1:]
    for leaf in leaves:
        moved = scene.moved(leaf) if isinstance(leaf, ast.Subscript) else ()
        yield from (scene.with_part(leaf, text) for text in (*moved, *values) if text != scene.text_of(leaf))
    for text in values:
        yield from (f"{here} + {text}", f"{here} - {wrapped(text)}", product(here, text))
        for factor in dict.fromkeys(f for family in algebra.SLOPES for f in algebra.slopes(scene, family, text)):
            yield from (product(base, factor) for base in kept[:2])
    for text in [here, *values]:
        for axis in (0, -1):
            yield from _without_mean(scene, here, text, axis)
    few = values[:FEW]
    for one, other in permutations(few, 2):
        yield f"{here} + {one}.T @ {other}"
        yield f"{one}.T @ {other}"


def _without_mean(scene: Scene, here: str, text: str, axis: int) -> Iterator[str]:
    """The marked value without its mean, or without its part along another; a softmax's Jacobian applied to it."""
    options = f"axis={axis}, keepdims=True)"
    if text == here:
        yield f"{here} - {scene.numpy}.mean({here}, {options}"
        return
    along = product(here, text)
    yield f"{here} - {text} * {scene.numpy}.mean({along}, {options}"
    yield f"{here} - {text} * {scene.numpy}.sum({along}, {options}"
    yield f"{text} * ({here} - {scene.numpy}.sum({along}, {options})"
