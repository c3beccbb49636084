"""Branches that a loop enters every so many passes: `if epoch % 100 == 0:`, often the only place of the loss.

A training loop is ended early, as a rule before such a branch is reached. Its test is computed ahead, with the numbers
that it reads as they are, and the loop goes on with the pass that enters the branch.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

MOST_TESTS = 3
FARTHEST = 20_000  # passes ahead that are looked at
NUMBERS = (bool, int, float, str, type(None))
FUNCTIONS: Mapping[str, Callable[..., Any]] = {f.__name__: f for f in (max, min, int, len, round, abs, bool)}
SIMPLE = (
    ast.Constant, ast.Name, ast.Load, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Test:
    """The test of a branch as a function of the loop's variable and of other names."""

    variable: str
    names: tuple[str, ...]
    code: CodeType

    def holds(self, value: int, others: Mapping[str, Any]) -> bool:
        """Whether the branch is entered with this value. Raises what the test raises."""
        return bool(eval(self.code, {"__builtins__": FUNCTIONS, **others, self.variable: value}))


def tests(node: ast.For) -> list[Test]:
    """The tests in the body of a loop that take a remainder of its variable and read nothing but numbers."""
    if not isinstance(node.target, ast.Name):
        return []
    found = (_as_test(node.target.id, branch.test) for branch in _branches(node.body))
    return [test for test in found if test is not None][:MOST_TESTS]


def _branches(body: list[ast.stmt]) -> Iterator[ast.If]:
    for node in body:
        if isinstance(node, ast.If):
            yield node
        for inner in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _branches(getattr(node, inner, []))


def _as_test(variable: str, test: ast.expr) -> Test | None:
    names: list[str] = []
    plain = _plain(test, names) if any(isinstance(n, ast.Mod) for n in ast.walk(test)) else None
    if plain is None or variable not in names:
        return None
    code = compile(ast.fix_missing_locations(ast.Expression(plain)), "<test>", "eval")
    return Test(variable, tuple(dict.fromkeys(n for n in names if n != variable and n not in FUNCTIONS)), code)


def _plain(node: ast.expr, names: list[str]) -> ast.expr | None:
    """A copy of an expression with dotted names in place of attributes; None where it may do more than arithmetic."""
    copy = _Dotted(names).visit(ast.parse(ast.unparse(node), mode="eval").body)
    calls = [n for n in ast.walk(copy) if isinstance(n, ast.Call)]
    fine = all(isinstance(n, (*SIMPLE, ast.Call)) for n in ast.walk(copy))
    if fine and all(isinstance(c.func, ast.Name) and c.func.id in FUNCTIONS and not c.keywords for c in calls):
        return copy  # type: ignore[no-any-return]
    return None


class _Dotted(ast.NodeTransformer):
    def __init__(self, names: list[str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        self.names.append(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        text = ast.unparse(node)
        if not all(part.isidentifier() for part in text.split(".")):
            return node
        self.names.append(text)
        return ast.Name(text, ast.Load())


def next_entered(test: Test, values: range, position: int, frame: FrameType) -> int | None:
    """The position, from ``position`` on, of the first value with which a branch is entered that was not entered
    before; None where it was, or never is.
    """
    try:
        others = {name: _number(name, frame) for name in test.names}
        if any(test.holds(v, others) for v in values[:position]):
            return None
        ahead = enumerate(values[position : position + FARTHEST], position)
        return next((i for i, v in ahead if test.holds(v, others)), None)
    except Exception:  # the script's own pass will say what is wrong with its test
        return None


def _number(name: str, frame: FrameType) -> Any:
    """The number that a name stands for, found without running anything of the script. Raises LookupError."""
    first, *rest = name.split(".")
    value = frame.f_locals[first] if first in frame.f_locals else frame.f_globals[first]
    for attribute in rest:
        holders = (value, *type(value).__mro__)
        value = next(h.__dict__[attribute] for h in holders if attribute in getattr(h, "__dict__", {}))
    if not isinstance(value, NUMBERS):
        raise LookupError(name)
    return value
