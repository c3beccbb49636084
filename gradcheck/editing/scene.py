"""The surroundings of a finding in the source: what stands there, and which of the user's names can be meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..cells import cell_file
from ..results import Finding, Span
from .edits import Repair
from .source import Source, span_of

MOST_VALUES = 14
MOST_INDICES = 6
_WORD = re.compile(r"\w+")
Value = ast.Name | ast.Attribute | ast.Subscript


@dataclass(frozen=True)
class Place:
    """A node in a source."""

    source: Source
    node: ast.AST

    @property
    def text(self) -> str:
        """The text of the node."""
        return self.source.source(self.node)


@dataclass(frozen=True)
class Scene:
    """A finding with the sources of the program, by file. ``node`` is what the finding marks."""

    finding: Finding
    sources: Mapping[str, Source]
    source: Source
    node: ast.expr | ast.stmt

    @classmethod
    def of(cls, finding: Finding, sources: Mapping[str, Source]) -> Scene | None:
        """The scene of a finding; None where what it marks is no node of a known source."""
        source = sources.get(_file(finding))
        if source is None:
            return None
        node = source.node(finding.line, finding.column, finding.end_line, finding.end_column)
        return cls(finding, sources, source, node) if isinstance(node, ast.expr | ast.stmt) else None

    @property
    def text(self) -> str:
        """The text that is marked."""
        return self.source.source(self.node)

    @cached_property
    def statement(self) -> ast.stmt:
        """The statement that is marked, or holds what is marked."""
        return self.source.statement(self.node)

    @cached_property
    def room(self) -> ast.AST:
        """The function around the place, or the whole file."""
        return self.source.function(self.node) or self.source.tree

    @cached_property
    def value(self) -> ast.expr:
        """The expression that is marked, or the value that the marked statement assigns."""
        found = getattr(self.node, "value", None) if isinstance(self.node, ast.stmt) else self.node
        return found if isinstance(found, ast.expr) else ast.Constant(None)

    @cached_property
    def numpy(self) -> str:
        """What the file calls NumPy."""
        for node in ast.walk(self.source.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name == "numpy":
                        return alias.asname or "numpy"
        return "np"

    def related(self, number: int) -> Place | None:
        """What the finding's mark of that number is about."""
        spans = self.finding.related
        return self.at(spans[number]) if number < len(spans) else None

    def at(self, span: Span) -> Place | None:
        """What a mark is about."""
        source = self.sources.get(_file(span))
        node = span_of(source, span) if source is not None else None
        return Place(source, node) if source is not None and node is not None else None

    def instead(self, text: str, node: ast.AST | None = None) -> Repair:
        """The repair that puts ``text`` in the place of a node, of what is marked where none is given."""
        node = self.node if node is None else node
        assert isinstance(node, ast.expr | ast.stmt)
        return (self.source.edit(node, text),)

    def with_part(self, part: ast.AST, text: str, whole: ast.AST | None = None) -> str:
        """The text of a node (of what is marked) with another text for one of its parts."""
        whole = whole or self.node
        old, all_of_it = self.source.source(part), self.source.source(whole)
        start = _offset(self.source, part) - _offset(self.source, whole)
        edit = self.source.edit(part, text)  # type: ignore[arg-type]
        return all_of_it[:start] + edit.text + all_of_it[start + len(old) :]

    def text_of(self, node: ast.AST) -> str:
        """The text of a node in the finding's file."""
        return self.source.source(node)

    def leaves(self, node: ast.AST | None = None) -> list[Value]:
        """The names, attributes and subscripts in a node that stand for values: the whole of each, never a part."""
        found = [n for n in _values_in(self.node if node is None else node) if self._is_value(self.source, n)]
        return list({self.text_of(n): n for n in found}.values())

    def _is_value(self, source: Source, node: Value) -> bool:
        base: ast.expr = node
        while isinstance(base, ast.Attribute | ast.Subscript):
            base = base.value
        if not isinstance(base, ast.Name) or isinstance(node, ast.Name) and node.id == "self":
            return False
        if base.id in self._modules or isinstance(node, ast.Attribute) and node.attr in ("T", "shape", "size", "ndim"):
            return False
        around = source.parents.get(node)
        return not (isinstance(around, ast.Call) and around.func is node)

    @cached_property
    def _modules(self) -> set[str]:
        imports = [n for s in self.sources.values() for n in ast.walk(s.tree) if isinstance(n, ast.Import)]
        return {a.asname or a.name.partition(".")[0] for node in imports for a in node.names}

    @cached_property
    def values(self) -> list[str]:
        """Texts of values in the function around the place, the nearest first; those of later lines last."""
        found: dict[str, int] = {}
        line = self.node.lineno
        for node in _values_in(self.room):
            if self._is_value(self.source, node):
                far = line - node.lineno if node.lineno <= line else 1000 + node.lineno - line
                text = self.text_of(node)
                found[text] = min(found.get(text, far), far)
        return sorted(found, key=lambda t: found[t])

    @cached_property
    def indices(self) -> list[str]:
        """Indices that lists are read with around the place: those written there, and loop variables and their
        neighbours.
        """
        loops = [n.target.id for n in self.source.above(self.node, ast.For) if isinstance(n.target, ast.Name)]
        near = [f"{name}{shift}" for name in loops for shift in ("", " - 1", " + 1")]
        written = [self.text_of(n.slice) for n in ast.walk(self.room) if isinstance(n, ast.Subscript) and _plain(n)]
        return list(dict.fromkeys([*near, *written]))[:MOST_INDICES]

    def moved(self, value: ast.Subscript) -> Iterator[str]:
        """The subscript with other indices."""
        here = self.text_of(value.slice)
        yield from (f"{self.text_of(value.value)}[{i}]" for i in self.indices if i != here)

    def names_of(self, place: Place | None, depth: int = 2) -> list[str]:
        """Texts that hold the value of an expression, as its own surroundings call it."""
        if place is None:
            return []
        source, node = place.source, place.node
        statement = source.statement(node)
        if isinstance(statement, ast.Return):
            function = source.function(node)
            calls = self._calls(function.name) if function is not None and depth else ()
            return [name for call in calls for name in self.names_of(call, depth - 1)]
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            call = statement.value
            if isinstance(call.func, ast.Attribute) and call.func.attr == "append":
                return [f"{source.source(call.func.value)}[{i}]" for i in self.indices]
        if isinstance(statement, ast.Assign):
            return [text for target in statement.targets for text in _targets(source, target, statement.value, node)]
        if isinstance(statement, ast.AugAssign):
            return [source.source(statement.target)]
        return []

    def within(self, place: Place | None) -> list[str]:
        """The texts of the values that a node elsewhere reads."""
        if place is None:
            return []
        found = [n for n in _values_in(place.node) if self._is_value(place.source, n)]
        return list(dict.fromkeys(place.source.source(n) for n in found))

    def inputs_of(self, place: Place | None) -> list[str]:
        """What an expression reads; for one that a function returns, what its calls are given."""
        if place is None:
            return []
        function = place.source.function(place.node)
        if function is not None and isinstance(place.source.statement(place.node), ast.Return):
            return [text for call in self._calls(function.name) for text in self.within(call)]
        return self.within(place)

    def _calls(self, name: str) -> Iterator[Place]:
        for source in self.sources.values():
            for node in ast.walk(source.tree):
                called = node.func if isinstance(node, ast.Call) else None
                if isinstance(called, ast.Name) and called.id == name or getattr(called, "attr", None) == name:
                    yield Place(source, node)

    def likely(self, hints: Iterable[str], most: int = MOST_VALUES) -> list[str]:
        """Texts that may hold a value which elsewhere is called one of ``hints``: those that are in sight here, then
        those of the function that share a word with one, then the others, the nearest first.
        """
        hints = list(dict.fromkeys(hints))
        words = {w for hint in hints for w in _WORD.findall(hint)} - {"self"}
        values = self.values
        known = {value.partition("[")[0] for value in values} | set(self.attributes)
        exact = [h for h in hints if h in values or h.partition("[")[0] in known]
        alike = [v for v in values if words & set(_WORD.findall(v))]
        return list(dict.fromkeys([*exact, *alike, *values]))[:most]

    @cached_property
    def attributes(self) -> list[str]:
        """What the class around the place keeps on itself."""
        around = next(self.source.above(self.node, ast.ClassDef), None)
        nodes = [n for n in ast.walk(around) if isinstance(n, ast.Attribute)] if around is not None else []
        return list(dict.fromkeys(self.text_of(n) for n in nodes if isinstance(n.ctx, ast.Store)))

    @cached_property
    def functions(self) -> list[str]:
        """The file's own functions of one argument that give something back."""
        found = [n for n in self.source.tree.body if isinstance(n, ast.FunctionDef) and len(n.args.args) == 1]
        return [n.name for n in found if any(isinstance(m, ast.Return) and m.value for m in ast.walk(n))]

    @cached_property
    def scalars(self) -> list[str]:
        """Names and attributes around the place that something is multiplied by."""
        products = [n for n in ast.walk(self.room) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mult)]
        sides = [side for n in products for side in (n.left, n.right) if isinstance(side, ast.Name | ast.Attribute)]
        return list(dict.fromkeys(map(self.text_of, sides)))[:4]

    @cached_property
    def divisors(self) -> list[str]:
        """What the file divides by, numbers apart: the nearest first, those of the function before all others."""
        found: dict[str, int] = {}
        mine = set(ast.walk(self.room))
        for node in ast.walk(self.source.tree):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                if not isinstance(node.right, ast.Constant | ast.BinOp):
                    text = self.text_of(node.right)
                    far = abs(node.lineno - self.node.lineno) + (0 if node in mine else 1000)
                    found[text] = min(found.get(text, far), far)
        return sorted(found, key=lambda t: found[t])[:4]

    def factors(self, node: ast.AST | None = None) -> list[tuple[ast.expr, bool]]:
        """The factors of a product, and whether it is divided by them; the node alone where it is no product."""
        node = self.value if node is None else node
        assert isinstance(node, ast.expr)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
            turned = isinstance(node.op, ast.Div)
            return [*self.factors(node.left), *((n, d != turned) for n, d in self.factors(node.right))]
        if self._call(node) == "multiply" and isinstance(node, ast.Call) and len(node.args) == 2:
            return [*self.factors(node.args[0]), *self.factors(node.args[1])]
        return [(node, False)]

    def called(self, node: ast.AST) -> str:
        """The last name of what a call calls; empty for what is no call."""
        return self._call(node)

    def _call(self, node: ast.AST) -> str:
        function = node.func if isinstance(node, ast.Call) else None
        return getattr(function, "attr", getattr(function, "id", ""))


def _targets(source: Source, target: ast.expr, value: ast.expr, node: ast.AST) -> list[str]:
    """The part of an assignment's target that takes a node of its value."""
    if isinstance(target, ast.Tuple | ast.List):
        items = value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts) else []
        inside = [t for t, v in zip(target.elts, items, strict=False) if node in set(ast.walk(v))]
        return [source.source(t) for t in inside or target.elts]
    return [source.source(target)]


def _values_in(node: ast.AST) -> Iterator[Value]:
    """Names, attributes and subscripts in a node, the outermost of each chain; subscripts' own indices as well."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield from _values_in(node.value)
    elif isinstance(node, Value):
        yield node
        if isinstance(node, ast.Subscript) and not _plain(node):
            yield from _values_in(node.slice)
        inner = node
        while isinstance(inner, ast.Attribute | ast.Subscript):
            inner = inner.value  # type: ignore[assignment]
        if not isinstance(inner, ast.Name):
            yield from _values_in(inner)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _values_in(child)


def _plain(node: ast.Subscript) -> bool:
    """Whether a subscript picks one item: by a number, a name or a sum of such."""
    allowed = ast.Name | ast.Constant | ast.BinOp | ast.UnaryOp | ast.operator | ast.unaryop | ast.expr_context
    return all(isinstance(n, allowed) for n in ast.walk(node.slice))


def _offset(source: Source, node: ast.AST) -> int:
    assert isinstance(node, ast.expr | ast.stmt)
    line, column, *_ = source.place(node)
    return source.start(line) + column - 1


def _file(place: Finding | Span) -> str:
    return place.file if place.cell is None else cell_file(place.file, place.cell)
