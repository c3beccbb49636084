"""The loss that the user names: a variable, a function, or a line of the source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..options import near_miss
from ..record.positions import SourceText, decode
from ..record.sources import Site, Sources

DEEPEST = 4

Place = tuple[str, int, int, int, int]  # file, line, column, end line, end column, as in Site


@dataclass(slots=True)
class _Meaning:
    """Where a name gets its value: the expressions, and the names and functions that those stand for."""

    places: list[Place] = field(default_factory=list)
    behind: set[str] = field(default_factory=set)


class Asked:
    """Finds the sites that a name given by the user stands for.

    ``12`` and ``network.py:12`` are lines; all else is the name of a variable (``loss``, ``self.loss``) or of a
    function (``cost``, ``Net.cost``). A name that is bound to the result of a function stands for what that returns.
    """

    def __init__(self, name: str, sources: Sources, script: str) -> None:
        self.name = name
        self._sources = sources
        self._script = script
        self._names: dict[str, _Meaning] = {}
        self._calls: list[tuple[str, int, int, str]] = []  # file, first and last line, the function called there
        self._read: set[str] = set()

    def sites(self) -> frozenset[int]:
        """The ids of the sites meant, among those that are known by now."""
        self._learn()
        file, _, line = self.name.rpartition(":")
        if line.isdigit():
            return self._on_line(file, int(line))
        return self._within(self._places(self.name))

    def missing(self, sites: Iterable[int]) -> str:
        """What to say where none of ``sites``, the numbers that the step computes, is the one meant."""
        there = [self._sources.sites[i] for i in sites]
        names = [name for name in self._names if any(_inside(s, p) for s in there for p in self._places(name))]
        lines = sorted({str(site.line) for site in there}, key=int)
        what = f"`--loss {self.name}` is no number that the step computes from its parameters"
        if self.name.rpartition(":")[2].isdigit():
            return f"{what}; there are some on the lines {', '.join(lines)}" if lines else what
        return f"{what}; {near_miss(self.name, names, 'a name')}" if names else what

    def _on_line(self, file: str, line: int) -> frozenset[int]:
        """What is computed on the line itself, and what the functions called on it return."""

        def named(path: str, first: int, last: int) -> bool:
            return first <= line <= last and (path.endswith(file) if file else path == self._script)

        names = [name for path, first, last, name in self._calls if named(path, first, last)]
        called = (place for name in names for place in self._places(name))
        there = {i for i, s in enumerate(self._sources.sites) if named(s.file, s.line, s.end_line)}
        return frozenset(there) | self._within(called)

    def _within(self, places: Iterable[Place]) -> frozenset[int]:
        known = list(places)
        return frozenset(i for i, site in enumerate(self._sources.sites) if any(_inside(site, p) for p in known))

    def _places(self, name: str, depth: int = 0) -> Iterator[Place]:
        meaning = self._names.get(name)
        if meaning is not None and depth < DEEPEST:
            yield from meaning.places
            for other in meaning.behind - {name}:
                yield from self._places(other, depth + 1)

    def _learn(self) -> None:
        """Reads the files that have come since the last time."""
        for file in {site.file for site in self._sources.sites} - self._read:
            self._read.add(file)
            try:
                with open(file, "rb") as stream:
                    text = decode(stream.read())
                tree = ast.parse(text)
            except (OSError, SyntaxError, ValueError):
                continue
            for name, node, value in _bound(tree):
                meaning = self._names.setdefault(name, _Meaning())
                meaning.places.append((file, *SourceText(text).place(node)))
                meaning.behind |= set(_stands_for(value))
            calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
            self._calls += [(file, c.lineno, c.end_lineno or c.lineno, name) for c in calls for name in _called(c)]


def _inside(site: Site, place: Place) -> bool:
    file, line, column, end_line, end_column = place
    begins = (site.line, site.column) >= (line, column)
    return site.file == file and begins and (site.end_line, site.end_column) <= (end_line, end_column)


def _bound(tree: ast.AST, scope: str = "") -> Iterator[tuple[str, ast.AST, ast.AST]]:
    """Names with the node in which they get a value and the expression of the value."""
    for node in ast.iter_child_nodes(tree):
        inner = scope
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                inner = f"{scope}.{name}" if scope else name
                for value in _returned(node):
                    yield from ((known, value, value) for known in {name, inner})
            case ast.ClassDef(name=name):
                inner = f"{scope}.{name}" if scope else name
            case ast.Assign(targets=targets, value=value):
                yield from ((name, value, value) for target in targets for name in _spelled(target))
            case ast.AugAssign(target=target, value=value):
                yield from ((name, node, value) for name in _spelled(target))
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                yield from ((name, value, value) for name in _spelled(target))
            case ast.Call(func=ast.Attribute(value=holder, attr="append"), args=[value]):
                yield from ((name, value, value) for name in _spelled(holder))
        yield from _bound(node, inner)


def _returned(function: ast.AST) -> Iterator[ast.AST]:
    """What a function returns, not what functions inside it return."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _returned(node)


def _spelled(target: ast.AST) -> Iterator[str]:
    match target:
        case ast.Name(id=name):
            yield name
        case ast.Attribute(attr=name):
            yield from (ast.unparse(target), name)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from _spelled(part)


def _stands_for(value: ast.AST) -> Iterator[str]:
    """The names behind an expression: itself if it is one, and the functions that it calls."""
    if isinstance(value, ast.Name):
        yield value.id
    for node in ast.walk(value):
        yield from _called(node)


def _called(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            yield name
