"""Edits of a Python file: where a node's text is, what is put in its place, and the registry of mutation operators."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Shape = tuple[int, ...]
Texts = Iterator[str]


@dataclass(frozen=True)
class Mutant:
    """One edit: characters ``start`` to ``end`` of the file become ``text``. ``line`` is the edited node's first."""

    operator: str
    line: int
    start: int
    end: int
    text: str

    def apply(self, source: str) -> str:
        """The file's text with the edit made."""
        return source[: self.start] + self.text + source[self.end :]


class View:
    """A file's text, its tree, and what is known about the line that a node stands on."""

    def __init__(self, text: str, shapes: dict[int, dict[str, Shape]]) -> None:
        self.text, self.shapes, self.tree = text, shapes, ast.parse(text)
        self.lines = text.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.before_activation = dict(_activations(self.tree))

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Where the node's text begins and ends, in characters."""
        place = [(node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)]  # type: ignore[attr-defined]
        first, last = (self.starts[n - 1] + len(self.lines[n - 1].encode()[:c].decode()) for n, c in place)
        return first, last

    def text_of(self, node: ast.AST) -> str:
        """The node's own text."""
        first, last = self.span(node)
        return self.text[first:last]

    def atom(self, node: ast.AST) -> str:
        """The node's text, safe to stand anywhere."""
        simple = isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Subscript | ast.Constant)
        return self.text_of(node) if simple else f"({self.text_of(node)})"


Operator = Callable[[ast.AST, View], Texts]
OPERATORS: dict[str, Operator] = {}


def operator(function: Operator) -> Operator:
    """Registers an operator under its function's name."""
    OPERATORS[function.__name__] = function
    return function


def mutants(text: str, shapes: dict[int, dict[str, Shape]]) -> dict[str, list[Mutant]]:
    """All edits of one file by operator, on the lines that ``shapes`` knows only."""
    view = View(text, shapes)
    nodes = [n for n in ast.walk(view.tree) if getattr(n, "lineno", 0) in shapes]
    found: dict[str, list[Mutant]] = {}
    for name, function in OPERATORS.items():
        for node in nodes:
            for new in function(node, view):
                mutant = _mutant(name, node, new, view)
                if mutant:
                    found.setdefault(name, []).append(mutant)
    return found


def _mutant(name: str, node: ast.AST, new: str, view: View) -> Mutant | None:
    first, last = view.span(node)
    old = view.text[first:last]
    missing = old.count("\n") - new.count("\n")
    if new == old or missing < 0:
        return None
    if missing:
        new = f"({new}" + "\n" * missing + ")" if isinstance(node, ast.expr) else new + "\n" * missing
    mutant = Mutant(name, node.lineno, first, last, new)  # type: ignore[attr-defined]
    try:
        ast.parse(mutant.apply(view.text))
    except SyntaxError:
        return None
    return mutant


# --- what an expression is

PRODUCTS = {"dot", "matmul", "outer", "inner", "multiply", "tensordot"}


def is_operation(node: ast.AST, kind: type[ast.operator]) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, kind)


def called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def is_method(node: ast.Call) -> bool:
    """``x.sum()``, not ``np.sum(x)``."""
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    return owner is not None and not (isinstance(owner, ast.Name) and owner.id in {"np", "numpy", "math"})


def is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def is_derivative(node: ast.AST) -> bool:
    """1 - a ** 2, a * (1 - a), z > 0, or a call that is told or named to differentiate."""
    if isinstance(node, ast.Compare):
        return True
    if is_operation(node, ast.Sub):
        return is_number(node.left)  # type: ignore[attr-defined]
    if is_operation(node, ast.Mult):
        return is_derivative(node.right) or is_derivative(node.left)  # type: ignore[attr-defined]
    return isinstance(node, ast.Call) and called(node) not in PRODUCTS | {"sum", "mean"}


def _activations(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Pairs (activation, its argument) of assignments such as ``a = np.tanh(z)``."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and not is_operation(node.value, ast.MatMult)
        ):
            calls = [n for n in ast.walk(node.value) if isinstance(n, ast.Call) and called(n) not in PRODUCTS]
            names = {a.id for c in calls for a in ast.walk(c) if isinstance(a, ast.Name)} - {"np", "numpy", "math"}
            names -= {c.func.id for c in calls if isinstance(c.func, ast.Name)}
            if len(names) == 1:
                yield node.targets[0].id, names.pop()


def sides(node: ast.AST, view: View) -> tuple[str, str]:
    return view.atom(node.left), view.atom(node.right)  # type: ignore[attr-defined]
