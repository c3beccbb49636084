"""Building the injected syntax tree nodes, and questions about the user's nodes."""

from __future__ import annotations

import ast
from typing import TypeVar

N = TypeVar("N", bound=ast.AST)

_WRITTEN_OUT = (ast.Tuple, ast.List, ast.ListComp, ast.Dict, ast.DictComp, ast.Set, ast.SetComp, ast.GeneratorExp,
                ast.Lambda, ast.JoinedStr, ast.FormattedValue)  # fmt: skip


def placed(node: N, at: ast.AST) -> N:
    """``node`` at the place of ``at``: tracebacks and warnings show the user's line and columns."""
    node.lineno = at.lineno  # type: ignore[attr-defined]
    node.col_offset = at.col_offset  # type: ignore[attr-defined]
    node.end_lineno = at.end_lineno  # type: ignore[attr-defined]
    node.end_col_offset = at.end_col_offset  # type: ignore[attr-defined]
    return node


def constant(value: object, at: ast.AST) -> ast.Constant:
    return placed(ast.Constant(value), at)  # type: ignore[arg-type]


def load(name: str, at: ast.AST) -> ast.Name:
    return placed(ast.Name(name, ast.Load()), at)


def store(name: str, at: ast.AST) -> ast.Name:
    return placed(ast.Name(name, ast.Store()), at)


def apply(callee: ast.expr, arguments: list[ast.expr], at: ast.AST) -> ast.Call:
    return placed(ast.Call(callee, arguments, []), at)


def tap(name: str, arguments: list[ast.expr | int | str], at: ast.AST) -> ast.Call:
    """The call ``@name(arguments...)``; plain integers and strings become constants."""
    nodes = [a if isinstance(a, ast.expr) else constant(a, at) for a in arguments]
    return apply(load(f"@{name}", at), nodes, at)


def statement(value: ast.expr, at: ast.AST | None = None) -> ast.Expr:
    return placed(ast.Expr(value), value if at is None else at)


def assign(target: ast.expr, value: ast.expr, at: ast.AST) -> ast.Assign:
    return placed(ast.Assign([target], value), at)


def attribute_place(node: ast.Attribute) -> ast.AST:
    """Where the compiler says that an attribute is used: on the line of its own name, in a chain over several lines."""
    return _at_attribute_name(node, node)


def call_place(node: ast.Call) -> ast.AST:
    """Where the compiler says that a call happens: methods in a chain over several lines, on their own line."""
    starred = any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords)
    if isinstance(node.func, ast.Attribute) and not starred:
        return _at_attribute_name(node, node.func)
    return node


def _at_attribute_name(node: ast.expr, attribute: ast.Attribute) -> ast.AST:
    line, end = attribute.end_lineno or node.lineno, attribute.end_col_offset or 0
    if line == node.lineno:
        return node
    moved = placed(ast.Pass(), node)
    moved.lineno, moved.col_offset = line, max(0, end - len(attribute.attr))
    if (node.end_lineno or 0, node.end_col_offset or 0) < (line, end):
        moved.end_lineno, moved.end_col_offset = line, end
    return moved


def is_literal(node: ast.expr) -> bool:
    """Whether the compiler can fold ``node``: constants and arithmetic on them."""
    while isinstance(node, (ast.UnaryOp, ast.BinOp)):
        if isinstance(node, ast.UnaryOp):
            node = node.operand
        elif is_literal(node.right):
            node = node.left
        else:
            return False
    return isinstance(node, ast.Constant)


def is_text(node: ast.expr) -> bool:
    """Whether ``node`` is a string or bytes literal, or an f-string."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)))


def compiler_warns_of_call(callee: ast.expr) -> bool:
    """Whether ``callee(...)`` is a SyntaxWarning, which would be lost with a tap between."""
    return isinstance(callee, (ast.Constant, *_WRITTEN_OUT)) and not isinstance(callee, ast.Lambda)


def compiler_warns_of_subscript(node: ast.Subscript) -> bool:
    """Whether ``node`` may be a SyntaxWarning (``"text"["key"]``), which would be lost with a tap between."""
    obj = node.value
    if isinstance(obj, (ast.Set, ast.SetComp, ast.GeneratorExp, ast.Lambda)):
        return True
    if isinstance(obj, ast.Constant) and not isinstance(obj.value, (str, bytes)):
        return True
    sequence = isinstance(obj, (ast.Constant, ast.Tuple, ast.List, ast.ListComp, ast.JoinedStr, ast.FormattedValue))
    index = node.slice
    odd = isinstance(index, _WRITTEN_OUT) or (isinstance(index, ast.Constant) and not isinstance(index.value, int))
    return sequence and odd


def tests_twice(test: ast.expr) -> bool:
    """Whether ``test`` as a value asks an operand for its truth, so that a `while` on the value would ask again."""
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    return isinstance(test, (ast.BoolOp, ast.IfExp)) or (isinstance(test, ast.Compare) and len(test.ops) > 1)


def plain_names(target: ast.expr) -> list[ast.Name] | None:
    """The names of a target made of names and tuples only, else ``None``."""
    if isinstance(target, ast.Name):
        return [target]
    if isinstance(target, ast.Starred):
        return plain_names(target.value)
    if not isinstance(target, (ast.Tuple, ast.List)):
        return None
    parts = [plain_names(part) for part in target.elts]
    return None if None in parts else [name for part in parts for name in part or ()]
