"""A module's source as code in which a few places report their value, and nothing else is changed.

A point is a place of the source with a role:

    operand     what stands at position 0 or 1 of an operation: ``left - right``, ``target -= value``, ``f(a, b)``
    result      the value of an expression
    write       a statement that writes into an array: reported before and after it ("write base": the array behind the
                subscript that is written)
    pass        the beginning of each pass of a loop

Point ``k`` calls the builtin ``@k`` with the value and goes on with what that returns.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from types import CodeType
from typing import Any

from .nodes import apply, load, placed, statement
from .positions import SourceText, decode
from .rewrite import deeper_recursion

Place = tuple[int, int, int, int]
WRITES = ("write", "write base")
BEFORE = ".before"  # what a "write" calls ahead of the statement
_STILL = (ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.Tuple, ast.Slice, ast.UnaryOp, ast.BinOp,
          ast.expr_context, ast.operator, ast.unaryop)  # fmt: skip


def instrument(source: bytes | str, filename: str, points: Sequence[Mapping[str, Any]], flags: int = 0) -> CodeType:
    """Code that does what ``source`` does; ``points`` are all of the run, numbered by their order.

    Raises what compiling the source in plain Python raises.
    """
    here = {number: point for number, point in enumerate(points) if point["source"] == filename}
    if not here:
        plain: CodeType = compile(source, filename, "exec", flags, dont_inherit=True)
        return plain
    with deeper_recursion():
        tree: ast.Module = compile(source, filename, "exec", ast.PyCF_ONLY_AST | flags, dont_inherit=True)
        tree = _Instrument(SourceText(decode(source)), here).visit(tree)
        code: CodeType = compile(tree, filename, "exec", flags, dont_inherit=True)
    return code


class _Instrument(ast.NodeTransformer):
    """Puts the calls in, from the innermost node outwards."""

    def __init__(self, text: SourceText, points: Mapping[int, Mapping[str, Any]]) -> None:
        self.text = text
        self.at: dict[Place, list[tuple[int, str, int]]] = {}
        for number, point in points.items():
            line, column, end_line, end_column = point["place"]
            place = (line, column, end_line, end_column)
            self.at.setdefault(place, []).append((number, point["role"], point["position"]))
        self.lines = {place[0] for place in self.at}

    def generic_visit(self, node: ast.AST) -> Any:
        found = self._points(node)  # before its parts are replaced
        super().generic_visit(node)
        for number, role, position in found:
            if role == "operand":
                _operand(node, number, position)
            elif role == "pass" and isinstance(node, ast.For | ast.AsyncFor | ast.While):
                node.body.insert(0, statement(apply(load(f"@{number}", node.body[0]), [], node.body[0])))
        results = [number for number, role, _ in found if role == "result"]
        if results and isinstance(node, ast.expr):
            for number in results:
                node = _through(number, node)
            return node
        writes = [(number, role) for number, role, _ in found if role in WRITES]
        return _written(node, writes) if writes and isinstance(node, ast.stmt) else node

    def _points(self, node: ast.AST) -> list[tuple[int, str, int]]:
        if getattr(node, "lineno", None) not in self.lines:
            return []
        ends = {ast.For: "iter", ast.AsyncFor: "iter", ast.While: "test"}
        end = getattr(node, ends[type(node)]) if type(node) in ends else None
        found = self.at.get(self.text.place(node, end), [])
        if isinstance(node, ast.Expr):  # its call has the same place, and is what operand and result mean
            return [one for one in found if one[1] in WRITES]
        return found


def _operand(node: ast.AST, number: int, position: int) -> None:
    """Let one operand of an operation pass the point."""
    if isinstance(node, ast.BinOp):
        side = "right" if position else "left"
        setattr(node, side, _through(number, getattr(node, side)))
    elif isinstance(node, ast.UnaryOp):
        node.operand = _through(number, node.operand)
    elif isinstance(node, ast.Call) and position < len(node.args):
        node.args[position] = _through(number, node.args[position])
    elif isinstance(node, ast.AugAssign) and position:
        node.value = _through(number, node.value)
    elif isinstance(node, ast.AugAssign) and _is_still(node.target):
        node.value = apply(load(f"@{number}", node.value), [_read(node.target), node.value], node.value)


def _through(number: int, value: ast.expr) -> ast.expr:
    return apply(load(f"@{number}", value), [value], value)


def _written(node: ast.stmt, points: list[tuple[int, str]]) -> Any:
    """The statement, with reports of the array before and after it."""
    body: list[ast.stmt] = [node]
    for number, role in points:
        array = _array(node, base=role == "write base")
        if array is not None and _is_still(array):
            body.insert(0, statement(apply(load(f"@{number}{BEFORE}", node), [_read(array)], node)))
            body.append(statement(apply(load(f"@{number}", node), [_read(array)], node)))
    return body


def _array(node: ast.stmt, base: bool) -> ast.expr | None:
    """The expression of the array that a statement writes."""
    if isinstance(node, ast.AugAssign):
        return node.target.value if base and isinstance(node.target, ast.Subscript) else node.target
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
        return node.targets[0].value
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        out = next((keyword.value for keyword in node.value.keywords if keyword.arg == "out"), None)
        return out if out is not None else node.value.args[0] if node.value.args else None
    return None


def _is_still(node: ast.expr) -> bool:
    """Whether evaluating the expression once more runs no call."""
    return all(isinstance(part, _STILL) for part in ast.walk(node))


def _read(target: ast.expr) -> ast.expr:
    """An expression that reads what ``target`` stores into."""
    copy: ast.expr = ast.parse(ast.unparse(target), mode="eval").body
    for part in ast.walk(copy):
        if hasattr(part, "lineno"):
            placed(part, target)
    return copy
