"""Mutation operators on branches, loops and whole statements: updates dropped, reversed, reset too late or moved."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .edits import Mutant, Texts, View, called, is_number, operator

# --- branches and loops


@operator
def flip_comparison(node: ast.AST, view: View) -> Texts:
    """z > 0 -> z < 0"""
    turned = {ast.Gt: "<", ast.Lt: ">", ast.GtE: "<=", ast.LtE: ">="}
    yield from _compared(node, view, turned)


@operator
def soften_comparison(node: ast.AST, view: View) -> Texts:
    """z > 0 -> z >= 0: mostly harmless"""
    yield from _compared(node, view, {ast.Gt: ">=", ast.Lt: "<=", ast.GtE: ">", ast.LtE: "<"})


def _compared(node: ast.AST, view: View, signs: dict[type[ast.cmpop], str]) -> Texts:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in signs:
        yield f"({view.text_of(node.left)} {signs[type(node.ops[0])]} {view.text_of(node.comparators[0])})"


@operator
def swap_branches(node: ast.AST, view: View) -> Texts:
    """np.where(c, a, b) -> np.where(c, b, a)"""
    if isinstance(node, ast.Call) and called(node) == "where" and len(node.args) == 3:
        condition, first, second = (view.text_of(a) for a in node.args)
        yield f"{view.text_of(node.func)}({condition}, {second}, {first})"
    elif isinstance(node, ast.IfExp):
        yield f"({view.text_of(node.orelse)} if {view.text_of(node.test)} else {view.text_of(node.body)})"


@operator
def shorten_loop(node: ast.AST, view: View) -> Texts:
    """range(n) -> range(n - 1)"""
    if isinstance(node, ast.Call) and called(node) == "range":
        texts = [view.text_of(a) for a in node.args]
        texts[min(1, len(texts) - 1)] += " - 1"
        yield f"range({', '.join(texts)})"


@operator
def loop_forwards(node: ast.AST, view: View) -> Texts:
    """reversed(x) -> x"""
    if isinstance(node, ast.Call) and called(node) == "reversed":
        yield view.atom(node.args[0])
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        if view.text_of(node.slice).replace(" ", "") == "::-1" and isinstance(node.ctx, ast.Load):
            yield view.text_of(node.value)


# --- statements


@operator
def assign_for_add(node: ast.AST, view: View) -> Texts:
    """g += e -> g = e"""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        yield f"{view.text_of(node.target)} = {view.text_of(node.value)}"


@operator
def add_for_assign(node: ast.AST, view: View) -> Texts:
    """g = e -> g += e"""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and not isinstance(node.targets[0], ast.Tuple):
        yield f"{view.text_of(node.targets[0])} += {view.text_of(node.value)}"


@operator
def flip_update(node: ast.AST, view: View) -> Texts:
    """w -= e -> w += e"""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        sign = "-" if isinstance(node.op, ast.Add) else "+"
        yield f"{view.text_of(node.target)} {sign}= {view.text_of(node.value)}"


@operator
def drop_update(node: ast.AST, view: View) -> Texts:
    """w -= e -> nothing"""
    if isinstance(node, ast.AugAssign):
        yield "pass"


@operator
def not_reset(node: ast.AST, view: View) -> Texts:
    """g = np.zeros(...) -> only the first time; g[...] = 0 and g.fill(0) -> nothing"""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        value, target = node.value, node.targets[0]
        empty = called(value) in {"zeros", "zeros_like"} or (is_number(value) and not value.value)  # type: ignore[attr-defined]
        if empty and isinstance(target, ast.Name):
            yield f'{target.id} = {target.id} if "{target.id}" in dir() else {view.text_of(value)}'
        elif empty:
            yield "pass"
    elif isinstance(node, ast.Expr) and (called(node.value) == "fill" or "zero" in called(node.value)):
        yield "pass"
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult) and is_number(node.value):
        yield "pass"


def swapped_statements(text: str, lines: set[int]) -> Iterator[Mutant]:
    """Two simple statements that follow each other change places: an update before the old value is used, say."""
    view = View(text, {})
    for parent in ast.walk(view.tree):
        for body in (getattr(parent, field, None) for field in ("body", "orelse")):
            if isinstance(body, list):
                yield from _swaps(body, lines, view)


def _swaps(body: list[ast.stmt], lines: set[int], view: View) -> Iterator[Mutant]:
    simple = (ast.Assign, ast.AugAssign, ast.Expr)
    for one, two in zip(body, body[1:], strict=False):
        near = one.lineno in lines and two.lineno in lines and one.end_lineno < two.lineno  # type: ignore[operator]
        if near and isinstance(one, simple) and isinstance(two, simple):
            (first, end), (begin, last) = view.span(one), view.span(two)
            new = view.text[begin:last] + view.text[end:begin] + view.text[first:end]
            yield Mutant("swap_statements", one.lineno, first, last, new)
