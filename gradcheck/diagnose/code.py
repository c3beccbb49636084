"""The user's source around a site: the line, the name that a value is given, the text of an operand."""

from __future__ import annotations

import ast
import tokenize
from dataclasses import dataclass, field

from ..record.sources import Site

LONGEST = 60

Span = tuple[int, int, int, int]  # line, column, end line, end column; characters from 1, end exclusive


@dataclass(slots=True)
class _File:
    """The lines of a file, and the targets of its assignments by the span of the value and of the statement."""

    lines: list[str] = field(default_factory=list)
    targets: dict[Span, str] = field(default_factory=dict)


class Code:
    """Reads each file once. A file that cannot be read or parsed has no names; the site's own text stands in."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._operands: dict[tuple[Site, int], str] = {}

    def line(self, site: Site) -> str:
        """The source line of a site, without its indentation and comment-free where that is cheap to see."""
        lines = self._file(site.file).lines
        text = lines[site.line - 1].strip() if 1 <= site.line <= len(lines) else site.text
        return text if '"' in text or "'" in text else text.partition("#")[0].rstrip() or text

    def name(self, site: Site) -> str:
        """The target that the site's value is assigned to, else its own text."""
        span = (site.line, site.column, site.end_line, site.end_column)
        return self._file(site.file).targets.get(span) or _short(site.text)

    def named(self, site: Site) -> bool:
        """Whether the site's value is assigned to something."""
        return (site.line, site.column, site.end_line, site.end_column) in self._file(site.file).targets

    def operand(self, site: Site, number: int, count: int) -> str:
        """The text of one of the ``count`` operands of the site's operation, where their order is plain; else empty."""
        found = self._operands.get((site, number))
        if found is None:
            found = self._operands[site, number] = _operand(site, number, count)
        return found

    def _file(self, path: str) -> _File:
        found = self._files.get(path)
        if found is None:
            found = self._files[path] = _read(path)
        return found


def _operand(site: Site, number: int, count: int) -> str:
    try:
        tree = ast.parse(site.text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return ""
    parts: list[ast.expr] = []
    if isinstance(tree, ast.BinOp):
        parts = [tree.left, tree.right]
    elif isinstance(tree, ast.Call):
        # A method's object is its first operand; np.dot(a, b) has none.
        method = isinstance(tree.func, ast.Attribute) and len(tree.args) + len(tree.keywords) < count
        parts = [*([tree.func.value] if method else []), *tree.args]  # type: ignore[attr-defined]
    elif isinstance(tree, ast.Subscript):
        parts = [tree.value]
    while parts and number < len(parts) and isinstance(parts[number], ast.Subscript):
        parts[number] = parts[number].value  # type: ignore[attr-defined]
    named = number < len(parts) and isinstance(parts[number], ast.Name | ast.Attribute)
    return ast.unparse(parts[number]) if named else ""


def _read(path: str) -> _File:
    try:
        with tokenize.open(path) as stream:
            text = stream.read()
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError):
        return _File()
    found = _File(text.split("\n"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AugAssign | ast.AnnAssign) and node.value is not None:
            target, value = node.target, node.value
        else:
            continue
        name = _short(ast.unparse(target))
        for spanned in (node, value) if not isinstance(node, ast.AugAssign) else (node,):
            found.targets[_span(spanned, found.lines)] = name
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for one, its in zip(target.elts, value.elts, strict=True):
                found.targets[_span(its, found.lines)] = _short(ast.unparse(one))
    return found


def _span(node: ast.expr | ast.stmt, lines: list[str]) -> Span:
    end_line, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    return (
        node.lineno,
        _characters(lines[node.lineno - 1], node.col_offset) + 1,
        end_line,
        _characters(lines[end_line - 1], end) + 1,
    )


def _characters(line: str, offset: int) -> int:
    return offset if line.isascii() else len(line.encode()[:offset].decode(errors="replace"))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."
