"""A file's text with its syntax tree: nodes by their place, their text, what lies around them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from ..cells import split_file
from ..results import Edit, Span
from .edits import offsets

Function = ast.FunctionDef | ast.AsyncFunctionDef
_N = TypeVar("_N", bound=ast.AST)
_TIGHT = ast.BinOp | ast.UnaryOp | ast.Attribute | ast.Subscript | ast.Compare | ast.BoolOp | ast.Starred | ast.Await
_SUMS = {ast.Add, ast.Sub, ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift}
_LOOSE = ast.BinOp | ast.UnaryOp | ast.Compare | ast.BoolOp | ast.IfExp | ast.Lambda | ast.NamedExpr


@dataclass(frozen=True)
class Source:
    """``file`` is the name it is compiled under (a cell's for one of a notebook). Raises SyntaxError when it is made
    of what is no Python.
    """

    file: str
    text: str

    def __post_init__(self) -> None:
        assert self.tree

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        return offsets(self.text)

    def start(self, line: int) -> int:
        """Where a line begins in the text."""
        return self._starts[line - 1]

    @cached_property
    def _lines(self) -> list[str]:
        starts = [*self._starts, len(self.text)]
        return [self.text[a:b] for a, b in zip(starts, starts[1:], strict=False)]

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The node around each node."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def _places(self) -> dict[tuple[int, int, int, int], ast.AST]:
        found: dict[tuple[int, int, int, int], ast.AST] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.expr | ast.stmt):
                found.setdefault(self.place(node), node)
        return found

    def place(self, node: ast.expr | ast.stmt) -> tuple[int, int, int, int]:
        """Line, column, end line, end column of a node: characters from 1."""
        end_line = node.end_lineno or node.lineno
        end = node.end_col_offset or node.col_offset
        return node.lineno, self._column(node.lineno, node.col_offset), end_line, self._column(end_line, end)

    def _column(self, line: int, offset: int) -> int:
        text = self._lines[line - 1]
        return 1 + (offset if text.isascii() else len(text.encode()[:offset].decode(errors="replace")))

    def node(self, line: int, column: int, end_line: int, end_column: int) -> ast.AST | None:
        """The outermost node that takes exactly this place; an expression that is a statement counts as expression."""
        found = self._places.get((line, column, end_line, end_column))
        return found.value if isinstance(found, ast.Expr) else found

    def source(self, node: ast.AST) -> str:
        """The text of a node."""
        return ast.get_source_segment(self.text, node) or ast.unparse(node)

    def above(self, node: ast.AST, kind: type[_N] | tuple[type[_N], ...]) -> Iterator[_N]:
        """The nodes around one, the node itself first, that are of a kind."""
        here: ast.AST | None = node
        while here is not None:
            if isinstance(here, kind):
                yield here
            here = self.parents.get(here)

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that a node is part of."""
        return next(self.above(node, ast.stmt))

    def function(self, node: ast.AST) -> Function | None:
        """The innermost function around a node."""
        return next((n for n in self.above(node, ast.stmt) if isinstance(n, Function)), None)

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The list of statements that a statement is one of."""
        around = self.parents.get(statement, self.tree)
        lists = (getattr(around, name, []) for name in ("body", "orelse", "finalbody"))
        return next((list(found) for found in lists if isinstance(found, list) and statement in found), [statement])

    def edit(self, node: ast.expr | ast.stmt, text: str) -> Edit:
        """The edit that puts ``text`` in the place of a node, in brackets where the code around asks for them."""
        line, column, end_line, end_column = self.place(node)
        if isinstance(node, ast.expr) and self._binds(node) and _is(text, _LOOSE) and not _as_tight(text, node):
            text = f"({text})"
        file, cell = split_file(self.file)
        return Edit(file, line, column, end_line, end_column, text, cell)

    def _binds(self, node: ast.expr) -> bool:
        """Whether what is around a node would bind a part of a new expression there."""
        around = self.parents.get(node)
        if not isinstance(around, _TIGHT) and not (isinstance(around, ast.Call) and around.func is node):
            return False
        if isinstance(around, ast.Subscript) and around.slice is node:
            return False
        line, column, end_line, end_column = self.place(node)
        before, after = self._lines[line - 1][: column - 1].rstrip(), self._lines[end_line - 1][end_column - 1 :]
        return not (before.endswith("(") and after.lstrip().startswith(")"))

    def line_before(self, statement: ast.stmt, text: str) -> Edit:
        """The edit that puts a statement of one line before another."""
        line, column, *_ = self.place(statement)
        file, cell = split_file(self.file)
        indent = self._lines[line - 1][: column - 1]
        return Edit(file, line, column, line, column, f"{text}\n{indent}", cell)

    def line_after(self, statement: ast.stmt, text: str) -> Edit:
        """The edit that puts a statement of one line behind another (behind its comment, where it has one)."""
        line, column, end_line, _ = self.place(statement)
        file, cell = split_file(self.file)
        indent = self._lines[line - 1][: column - 1]
        end = len(self._lines[end_line - 1].rstrip("\r\n")) + 1
        return Edit(file, end_line, end, end_line, end, f"\n{indent}{text}", cell)


def span_of(source: Source, span: Span) -> ast.AST | None:
    """The node that a mark of a report is about."""
    return source.node(span.line, span.column, span.end_line, span.end_column)


def is_expression(text: str) -> bool:
    """Whether a text is one expression."""
    return _parsed(text) is not None


def _parsed(text: str) -> ast.expr | None:
    """An expression, of one line or of several as they stand in brackets; None for what is none."""
    try:
        return ast.parse(f"({text})", mode="eval").body
    except SyntaxError:
        return None


def _is(text: str, kinds: object) -> bool:
    """Whether a text is an expression of a kind that is not in brackets of its own."""
    node, lines = _parsed(text), f"({text}".split("\n")
    if node is None or (node.lineno, node.col_offset) != (1, 1):
        return False
    whole = (node.end_lineno, node.end_col_offset) == (len(lines), len(lines[-1].encode()))
    return whole and isinstance(node, kinds)  # type: ignore[arg-type]


def _as_tight(text: str, node: ast.expr) -> bool:
    """Whether an operation binds as tightly as the one that it takes the place of."""
    new = _parsed(text)
    if not isinstance(new, ast.BinOp) or not isinstance(node, ast.BinOp):
        return False
    return type(new.op) not in _SUMS and ast.Pow not in (type(new.op), type(node.op))


def wrapped(text: str) -> str:
    """An expression in brackets, unless it is one piece."""
    return f"({text})" if _is(text, _LOOSE) else text


def product(*texts: str) -> str:
    """The texts multiplied; each keeps its meaning."""
    first, *rest = texts
    head = first if _is(first, ast.BinOp) and _is_product(first) else wrapped(first)
    return " * ".join([head, *map(wrapped, rest)])


def _is_product(text: str) -> bool:
    node = _parsed(text)
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div)
