"""Formulas of backward passes as text: products without a factor, sums over other axes, derivatives of activations."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import combinations

from .edits import Repair
from .scene import Place, Scene
from .source import product, wrapped

SLOPES = {
    "sigmoid": ("{a} * (1 - {a})", "{np}.exp(-{a}) / (1 + {np}.exp(-{a})) ** 2"),
    "tanh": ("1 - {a} ** 2", "1 - {np}.tanh({a}) ** 2"),
    "relu": ("{a} > 0",),
    "softplus": ("1 / (1 + {np}.exp(-{a}))", "1 - {np}.exp(-{a})"),
}
"""Derivatives of activations, in the output or in the input."""
MOST_FUNCTIONS = 2
REDUCTIONS = ("sum", "mean", "average", "max", "amax", "min")


def slopes(scene: Scene, family: str, value: str) -> list[str]:
    """The derivative of an activation, written in a value that may be its output or its input; by a function of the
    file's own too, whatever that computes.
    """
    own = [f"{function}({value})" for function in scene.functions[:MOST_FUNCTIONS]]
    return [*(form.format(a=wrapped(value), np=scene.numpy) for form in SLOPES.get(family, ())), *own]


def multiplied(scene: Scene, factors: Iterable[tuple[ast.expr, bool]], *more: str) -> str:
    """A product of factors (divided by those that say so) and of further texts."""
    listed = list(factors)
    above = [scene.text_of(n) for n, divides in listed if not divides]
    below = [scene.text_of(n) for n, divides in listed if divides]
    text = product(*above, *more) if above or more else "1.0"
    for divisor in below:
        text = f"{text} / {wrapped(divisor)}"
    return text


def without_factors(scene: Scene) -> Iterator[tuple[str, list[str]]]:
    """The marked product without some of its factors: p and 1 - p together first, then each, then pairs. Also gives
    the texts that were left out.
    """
    factors = scene.factors()
    if len(factors) < 2:
        return
    numbers = range(len(factors))
    pairs = [(i, j) for i, j in combinations(numbers, 2) if _complements(scene, factors[i][0], factors[j][0])]
    for left in [*pairs, *((i,) for i in reversed(numbers)), *combinations(numbers, 2)]:
        kept = [f for i, f in enumerate(factors) if i not in left]
        if any(not divides for _, divides in kept):
            yield multiplied(scene, kept), [scene.text_of(factors[i][0]) for i in left]


def complement(node: ast.AST) -> ast.expr | None:
    """v in ``1 - v``."""
    one = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and isinstance(node.left, ast.Constant)
    return node.right if one and node.left.value == 1 else None  # type: ignore[attr-defined]


def _complements(scene: Scene, one: ast.expr, other: ast.expr) -> bool:
    texts = {scene.text_of(v) for n in (one, other) if (v := complement(n)) is not None}
    return scene.text_of(one) in texts or scene.text_of(other) in texts


def jacobian(scene: Scene, axes: Iterable[int]) -> Iterator[Repair]:
    """The whole Jacobian of a softmax where the marked product has p * (1 - p)."""
    factors = scene.factors()
    for i, (node, _) in enumerate(factors):
        p = complement(node)
        same = [j for j, (f, d) in enumerate(factors) if p is not None and not d and _same(scene, f, p)]
        if p is None or not same:
            continue
        rest = multiplied(scene, [f for j, f in enumerate(factors) if j not in (i, same[0])])
        text = wrapped(scene.text_of(p))
        for axis in axes:
            total = f"{scene.numpy}.sum({product(rest, text)}, axis={axis}, keepdims=True)"
            yield scene.instead(f"{text} * ({rest} - {total})")


def _same(scene: Scene, one: ast.expr, other: ast.expr) -> bool:
    return scene.text_of(one) == scene.text_of(other)


def reduced(scene: Scene, node: ast.AST, axes: tuple[int, ...], *, keep: bool) -> str:
    """A sum (or another reduction) over other axes; where the node is none, it is summed."""
    inside = (str(axes[0]) if len(axes) == 1 else str(axes)) if axes else ""
    options = f"axis={inside}" + (", keepdims=True" if keep else "")
    if isinstance(node, ast.Call) and scene.called(node) in REDUCTIONS:
        function = scene.text_of(node.func)
        method = isinstance(node.func, ast.Attribute) and scene.text_of(node.func.value) != scene.numpy
        return f"{function}({options})" if method else f"{function}({scene.text_of(node.args[0])}, {options})"
    return f"{wrapped(scene.text_of(node))}.sum({options})"


def axes_in(place: Place | None) -> list[str]:
    """The texts of the axes that calls in a node are given."""
    nodes = ast.walk(place.node) if place is not None else ()
    given = [k.value for n in nodes if isinstance(n, ast.Call) for k in n.keywords if k.arg == "axis"]
    return list(dict.fromkeys(map(ast.unparse, given)))


def definition(scene: Scene, name: str) -> ast.Assign | None:
    """The last assignment of a name before the place, in its function or else in the file."""
    for room in (scene.room, scene.source.tree):
        found = [
            n
            for n in ast.walk(room)
            if isinstance(n, ast.Assign) and n.lineno <= scene.node.lineno and n is not scene.node
            and any(name == scene.text_of(t) for t in n.targets)
        ]  # fmt: skip
        if found:
            return max(found, key=lambda n: n.lineno)
    return None


def reads(scene: Scene) -> list[ast.expr]:
    """The values that the place reads, and those that the names among them were computed from just before."""
    leaves: list[ast.expr] = [*scene.leaves(scene.value)]
    for leaf in list(leaves):
        made = definition(scene, scene.text_of(leaf)) if isinstance(leaf, ast.Name) else None
        if made is not None and scene.source.function(made) is scene.source.function(scene.node):
            leaves += scene.leaves(made.value)
    return leaves


def fresh_name(scene: Scene, wish: str) -> str:
    """A name that the file does not use."""
    used = {n.id for n in ast.walk(scene.source.tree) if isinstance(n, ast.Name)}
    used |= {n.arg for n in ast.walk(scene.source.tree) if isinstance(n, ast.arg)}
    while wish in used:
        wish += "_"
    return wish
