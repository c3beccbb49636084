"""A matrix in a product of the backward pass is transposed the wrong way.

`delta @ W` for `delta @ W.T`, or a weight gradient that comes out as its own transpose. With square layers the shapes
fit, so nothing complains.

How it is proven: the same product with that one operand (or the result) transposed is exactly the derivative that
belongs there; with it in place on the recorded step, the gradients become exact.

How to mend it: transpose the operand. Layers of different widths would have raised an error here.

Looks like it and is fine: a layout with columns as samples, where the products are the other way round.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import numpy as np

from ..diagnose.spot import Again, Mend, Spot
from ..results import Fix

SLUG = "wrong-transpose"
SEVERITY = "error"
RANK = 20
PRODUCTS = ("matmul", "dot", "inner", "tensordot", "multiply", "einsum")


def suppose(spot: Spot) -> Iterator[Mend]:
    """The product with one operand transposed, or transposed itself."""
    value, operands = spot.value, spot.operands()
    executions = len(spot.entries) > 1
    if value is None or spot.function not in PRODUCTS or any(o is None for o in operands):
        return
    for i, operand in enumerate(operands):
        assert operand is not None
        if operand.ndim == 2 + executions and operand.shape[-1] == operand.shape[-2]:
            again = spot.again([operand.swapaxes(-1, -2) if j == i else None for j in range(len(operands))])
            if again is not None and again.shape == value.shape:
                yield _mend(spot, spot.with_operand(i, lambda _, found: np.swapaxes(found, -1, -2)), i)
    if value.ndim == 2 + executions and value.shape[-1] == value.shape[-2]:
        yield _mend(spot, spot.apart(value.swapaxes(-1, -2)), -1)


def _mend(spot: Spot, values: Sequence[np.ndarray | Again], operand: int) -> Mend:
    edit, which = _transposed(spot.site.text, operand)
    what = which or ("the result" if operand < 0 else f"operand {operand + 1}")
    return Mend(
        SLUG,
        spot.entries,
        values,
        spot.place,
        f"{what} is transposed the wrong way in this product",
        "the other way round it is exact",
        [f"with {what} transposed, this product is exactly the derivative that belongs here"],
        effect="the shapes fit because the matrix is square, so nothing complains; the gradients below are wrong",
        fix=Fix("transpose it", edit) if edit else None,
    )


def _transposed(text: str, operand: int) -> tuple[str, str]:
    """The expression with an operand transposed, and the operand's text; empty where it cannot be written."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return "", ""
    if operand < 0:
        return f"({ast.unparse(node)}).T", "the result"
    sides = [node.left, node.right] if isinstance(node, ast.BinOp) else []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        method = len(node.args) == 1
        sides = [node.func.value, node.args[0]] if method else list(node.args[:2])
    if operand >= len(sides):
        return "", ""
    side = sides[operand]
    old = ast.unparse(side)
    if isinstance(side, ast.Attribute) and side.attr == "T":
        new = ast.unparse(side.value)
    else:
        new = f"{old}.T" if isinstance(side, ast.Name | ast.Attribute | ast.Subscript | ast.Call) else f"({old}).T"
    return ast.unparse(_put(node, side, ast.parse(new, mode="eval").body)), old


def _put(node: ast.AST, old: ast.AST, new: ast.AST) -> ast.AST:
    class Put(ast.NodeTransformer):
        def visit(self, n: ast.AST) -> ast.AST:
            return new if n is old else self.generic_visit(n)

    return Put().visit(node)
