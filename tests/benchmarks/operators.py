"""Mutation operators: small edits of hand-written backward and update code, as people make them.

Each operator looks at one node of the syntax tree and gives texts to put in its place. The rest of the file, its line
numbers included, stays as it was. Whether an edit is a mistake at all is decided elsewhere, by measuring.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Shape = tuple[int, ...]
Texts = Iterator[str]


@dataclass(frozen=True)
class Mutant:
    """One edit: characters ``start`` to ``end`` of the file become ``text``. ``line`` is where the edited node begins."""

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


def _is(node: ast.AST, kind: type[ast.operator]) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, kind)


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _is_method(node: ast.Call) -> bool:
    """``x.sum()``, not ``np.sum(x)``."""
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    return owner is not None and not (isinstance(owner, ast.Name) and owner.id in {"np", "numpy", "math"})


def _number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)


def _is_derivative(node: ast.AST) -> bool:
    """1 - a ** 2, a * (1 - a), z > 0, or a call that is told or named to differentiate."""
    if isinstance(node, ast.Compare):
        return True
    if _is(node, ast.Sub):
        return _number(node.left)  # type: ignore[attr-defined]
    if _is(node, ast.Mult):
        return _is_derivative(node.right) or _is_derivative(node.left)  # type: ignore[attr-defined]
    return isinstance(node, ast.Call) and _called(node) not in PRODUCTS | {"sum", "mean"}


def _activations(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Pairs (activation, its argument) of assignments such as ``a = np.tanh(z)``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and not _is(node.value, ast.MatMult):
            calls = [n for n in ast.walk(node.value) if isinstance(n, ast.Call) and _called(n) not in PRODUCTS]
            names = {a.id for c in calls for a in ast.walk(c) if isinstance(a, ast.Name)} - {"np", "numpy", "math"}
            names -= {c.func.id for c in calls if isinstance(c.func, ast.Name)}
            if len(names) == 1:
                yield node.targets[0].id, names.pop()


def _sides(node: ast.AST, view: View) -> tuple[str, str]:
    return view.atom(node.left), view.atom(node.right)  # type: ignore[attr-defined]


# --- derivatives (first: where a general operator makes the same edit, the particular name is kept)


@operator
def square_to_linear(node: ast.AST, view: View) -> Texts:
    """1 - a ** 2 -> 1 - a; 1 - a * a -> 1 - a"""
    if _is(node, ast.Sub) and _number(node.left):  # type: ignore[attr-defined]
        right = node.right  # type: ignore[attr-defined]
        if _is(right, ast.Pow) or (_is(right, ast.Mult) and ast.dump(right.left) == ast.dump(right.right)):
            yield f"({view.text_of(node.left)} - {view.atom(right.left)})"  # type: ignore[attr-defined]


@operator
def sigmoid_derivative(node: ast.AST, view: View) -> Texts:
    """a * (1 - a) -> a; a * (1 - a) -> 1 - a"""
    if _is(node, ast.Mult):
        left, right = node.left, node.right  # type: ignore[attr-defined]
        if _is(right, ast.Sub) and _number(right.left):
            yield view.atom(left) if not _is(left, ast.Mult) else view.text_of(left)
            yield view.atom(right) if not _is(left, ast.Mult) else f"({view.atom(left.left)} * {view.atom(right)})"


@operator
def change_exponent(node: ast.AST, view: View) -> Texts:
    """a ** 2 -> a; a ** 2 -> a ** 3"""
    if _is(node, ast.Pow) and _number(node.right):  # type: ignore[attr-defined]
        yield view.atom(node.left)  # type: ignore[attr-defined]
        yield f"({view.atom(node.left)} ** {node.right.value + 1!r})"  # type: ignore[attr-defined]
    elif _called(node) == "sqrt" and isinstance(node, ast.Call):
        yield view.atom(node.args[0])


# --- products and transposes


@operator
def drop_transpose(node: ast.AST, view: View) -> Texts:
    """x.T -> x"""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield view.atom(node.value)
    elif _called(node) == "transpose" and isinstance(node, ast.Call):
        if _is_method(node) and not node.args:
            yield view.atom(node.func.value)  # type: ignore[attr-defined]
        elif not _is_method(node) and len(node.args) == 1:
            yield view.atom(node.args[0])


@operator
def add_transpose(node: ast.AST, view: View) -> Texts:
    """a @ w -> a @ w.T"""
    if _is(node, ast.MatMult):
        left, right = _sides(node, view)
        yield f"{left} @ {right}.T"
        yield f"{left}.T @ {right}"
    elif isinstance(node, ast.Call) and _called(node) == "dot" and not node.keywords:
        head = view.text_of(node.func)
        texts = [view.text_of(a) for a in node.args]
        yield f"{head}({', '.join([*texts[:-1], view.atom(node.args[-1]) + '.T'])})"


@operator
def swap_product(node: ast.AST, view: View) -> Texts:
    """a @ b -> b @ a"""
    if _is(node, ast.MatMult):
        left, right = _sides(node, view)
        yield f"{right} @ {left}"
    elif isinstance(node, ast.Call) and _called(node) in {"dot", "matmul", "outer"} and not node.keywords:
        if len(node.args) == 2:
            first, second = (view.text_of(a) for a in node.args)
            yield f"{view.text_of(node.func)}({second}, {first})"
        elif len(node.args) == 1 and _is_method(node):
            yield f"{view.atom(node.args[0])}.dot({view.text_of(node.func.value)})"  # type: ignore[attr-defined]


@operator
def transpose_product(node: ast.AST, view: View) -> Texts:
    """a.T @ b -> (a.T @ b).T"""
    if _is(node, ast.MatMult):
        yield f"({view.text_of(node)}).T"
    elif isinstance(node, ast.Call) and _called(node) in {"dot", "outer", "matmul"}:
        yield f"{view.text_of(node)}.T"


@operator
def elementwise_for_matrix_product(node: ast.AST, view: View) -> Texts:
    """a @ b -> a * b"""
    if _is(node, ast.MatMult):
        yield "({} * {})".format(*_sides(node, view))
    elif isinstance(node, ast.Call) and _called(node) == "dot" and len(node.args) == 2:
        yield "({} * {})".format(*(view.atom(a) for a in node.args))


@operator
def matrix_for_elementwise_product(node: ast.AST, view: View) -> Texts:
    """a * b -> a @ b"""
    if _is(node, ast.Mult):
        yield "({} @ {})".format(*_sides(node, view))


# --- factors


@operator
def drop_factor(node: ast.AST, view: View) -> Texts:
    """a * b -> a"""
    if _is(node, ast.Mult):
        sides = [node.left, node.right]  # type: ignore[attr-defined]
        yield from (view.atom(s) for s, other in zip(sides, sides[::-1], strict=True) if not _is_derivative(other))


@operator
def drop_activation_derivative(node: ast.AST, view: View) -> Texts:
    """delta * (1 - a ** 2) -> delta; dz[z <= 0] = 0 -> nothing"""
    if _is(node, ast.Mult):
        left, right = node.left, node.right  # type: ignore[attr-defined]
        if _is_derivative(right):
            yield view.atom(left)
        if _is_derivative(left):
            yield view.atom(right)
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        if isinstance(node.targets[0].slice, ast.Compare):
            yield "pass"


@operator
def drop_division(node: ast.AST, view: View) -> Texts:
    """a / n -> a"""
    if _is(node, ast.Div):
        yield view.atom(node.left)  # type: ignore[attr-defined]
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div):
        yield "pass"


@operator
def divide_twice(node: ast.AST, view: View) -> Texts:
    """a / n -> a / n / n"""
    if _is(node, ast.Div):
        left, right = _sides(node, view)
        yield f"({left} / {right} / {right})"


@operator
def scale_by_two(node: ast.AST, view: View) -> Texts:
    """d = e -> d = 2 * (e)"""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.BinOp | ast.Call):
        yield f"{view.text_of(node.targets[0])} = 2 * ({view.text_of(node.value)})"


@operator
def change_constant(node: ast.AST, view: View) -> Texts:
    """2 * e -> 3 * e; 1 - a -> 2 - a"""
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Pow):
        for side in (node.left, node.right):
            if _number(side):
                old, new = view.text_of(side), repr(side.value + 1)  # type: ignore[attr-defined]
                first, last = view.span(node)
                here = view.span(side)[0] - first
                yield "(" + view.text[first : first + here] + new + view.text[first + here + len(old) : last] + ")"


# --- terms and signs


@operator
def flip_term(node: ast.AST, view: View) -> Texts:
    """a + b -> a - b"""
    if _is(node, ast.Add):
        yield "({} - {})".format(*_sides(node, view))
    elif _is(node, ast.Sub):
        yield "({} + {})".format(*_sides(node, view))


@operator
def swap_difference(node: ast.AST, view: View) -> Texts:
    """a - b -> b - a"""
    if _is(node, ast.Sub):
        left, right = _sides(node, view)
        yield f"({right} - {left})"


@operator
def drop_minus(node: ast.AST, view: View) -> Texts:
    """-a -> a"""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not _number(node.operand):
        yield view.atom(node.operand)


@operator
def negate(node: ast.AST, view: View) -> Texts:
    """d = e -> d = -(e)"""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.BinOp | ast.Call):
        yield f"{view.text_of(node.targets[0])} = -({view.text_of(node.value)})"


@operator
def drop_term(node: ast.AST, view: View) -> Texts:
    """a + b -> a"""
    if _is(node, ast.Add) or _is(node, ast.Sub):
        left, right = _sides(node, view)
        yield left
        yield right if _is(node, ast.Add) else f"(-{right})"


@operator
def drop_regulariser(node: ast.AST, view: View) -> Texts:
    """g + c * w -> g, and g += c * w -> nothing, where c is a number"""
    if _is(node, ast.Add) and _scaled_by_number(node.right, view):  # type: ignore[attr-defined]
        yield view.atom(node.left)  # type: ignore[attr-defined]
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and _scaled_by_number(node.value, view):
        yield "pass"


def _scaled_by_number(node: ast.AST, view: View) -> bool:
    shapes = view.shapes.get(getattr(node, "lineno", 0), {})
    if not _is(node, ast.Mult):
        return False
    left, right = node.left, node.right  # type: ignore[attr-defined]
    scalar = [_number(s) or (isinstance(s, ast.Name) and not shapes.get(s.id)) for s in (left, right)]
    return scalar[0] != scalar[1] and not any(isinstance(n, ast.Call) for n in ast.walk(node))


# --- sums, axes, powers


@operator
def sum_to_mean(node: ast.AST, view: View) -> Texts:
    """np.sum(d, axis=0) -> np.mean(d, axis=0)"""
    yield from _renamed(node, view, "sum", "mean")


@operator
def mean_to_sum(node: ast.AST, view: View) -> Texts:
    """d.mean(axis=0) -> d.sum(axis=0)"""
    yield from _renamed(node, view, "mean", "sum")


def _renamed(node: ast.AST, view: View, old: str, new: str) -> Texts:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == old:
        head = view.text_of(node.func)
        yield head[: len(head) - len(old)] + new + view.text_of(node)[len(head) :]


REDUCTIONS = {"sum", "mean", "max", "argmax"}


def _axis(node: ast.AST) -> ast.AST | None:
    if not isinstance(node, ast.Call) or _called(node) not in REDUCTIONS:
        return None
    given = [k.value for k in node.keywords if k.arg == "axis"]
    at = 0 if _is_method(node) else 1
    return given[0] if given else node.args[at] if len(node.args) > at else None


def _with_axis(node: ast.Call, axis: str | None, view: View) -> str:
    kept = [view.text_of(a) for a in node.args[: 0 if _is_method(node) else 1]]
    named = [f"{k.arg}={view.text_of(k.value)}" for k in node.keywords if k.arg != "axis"]
    return f"{view.text_of(node.func)}({', '.join([*kept, *([f'axis={axis}'] if axis else []), *named])})"


@operator
def drop_axis(node: ast.AST, view: View) -> Texts:
    """d.sum(axis=0) -> d.sum()"""
    if _axis(node) is not None:
        yield _with_axis(node, None, view)  # type: ignore[arg-type]


@operator
def wrong_axis(node: ast.AST, view: View) -> Texts:
    """axis=0 -> axis=1"""
    axis = _axis(node)
    if isinstance(axis, ast.Constant) and isinstance(axis.value, int):
        yield _with_axis(node, "1" if axis.value == 0 else "0", view)  # type: ignore[arg-type]


@operator
def drop_reduction(node: ast.AST, view: View) -> Texts:
    """d.sum(axis=0) -> d[0]; np.mean(d, axis=0) -> d[0]"""
    if isinstance(node, ast.Call) and _axis(node) is not None:
        yield view.atom(node.func.value if _is_method(node) else node.args[0]) + "[0]"  # type: ignore[attr-defined]


# --- operands and indices


@operator
def wrong_variable(node: ast.AST, view: View) -> Texts:
    """Another array of the same shape that the line could have named."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        shapes = view.shapes.get(node.lineno, {})
        if shapes.get(node.id):
            same = [n for n, shape in shapes.items() if shape == shapes[node.id] and n != node.id and n.isidentifier()]
            yield from sorted(same)[:3]


@operator
def before_activation(node: ast.AST, view: View) -> Texts:
    """a -> z, and z -> a, where a = f(z)"""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        known = view.before_activation
        if node.id in known:
            yield known[node.id]
        yield from sorted(a for a, z in known.items() if z == node.id)


@operator
def index_off_by_one(node: ast.AST, view: View) -> Texts:
    """w[i] -> w[i - 1]; w[i + 1] -> w[i]; w[-1] -> w[-2]"""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return
    index, owner = node.slice, view.text_of(node.value)
    if isinstance(index, ast.BinOp) and isinstance(index.op, ast.Add | ast.Sub) and _number(index.right):
        yield f"{owner}[{view.text_of(index.left)}]"
    elif isinstance(index, ast.Name) and not view.shapes.get(node.lineno, {}).get(index.id):
        yield f"{owner}[{index.id} - 1]"
    elif isinstance(index, ast.UnaryOp) and _number(index.operand):
        yield f"{owner}[{view.text_of(index)} - 1]"
    elif _number(index) and isinstance(index.value, int) and index.value > 0:  # type: ignore[attr-defined]
        yield f"{owner}[{index.value - 1}]"  # type: ignore[attr-defined]


@operator
def key_of_another(node: ast.AST, view: View) -> Texts:
    """p["W1"] -> p["W2"]"""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and isinstance(node.slice, ast.Constant):
        key = node.slice.value
        if isinstance(key, str) and key[-1:].isdigit():
            yield f"{view.text_of(node.value)}[{key[:-1] + str(int(key[-1]) % 3 + 1)!r}]"


@operator
def shift_slice(node: ast.AST, view: View) -> Texts:
    """x[1:] -> x[:-1]; x[:-1] -> x[1:]"""
    if isinstance(node, ast.Slice) and node.step is None:
        text = view.text_of(node).replace(" ", "")
        yield from {"1:": [":-1"], ":-1": ["1:"]}.get(text, [])


@operator
def lose_duplicates(node: ast.AST, view: View) -> Texts:
    """np.add.at(g, i, d) -> g[i] += d"""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _called(node.value) == "at":
        table, index, value = (view.text_of(a) for a in node.value.args)
        yield f"{table}[{index.strip('()')}] += {value}"


@operator
def drop_call(node: ast.AST, view: View) -> Texts:
    """f(x) -> x; np.clip(x, a, b) -> x"""
    if isinstance(node, ast.Call) and _called(node) not in PRODUCTS | REDUCTIONS | {"zip", "range", "reversed", "len"}:
        if len(node.args) == 1 and not node.keywords and not _is_method(node):
            yield view.atom(node.args[0])
        elif _called(node) == "clip" and not _is_method(node):
            yield view.atom(node.args[0])


@operator
def drop_copy(node: ast.AST, view: View) -> Texts:
    """x.copy() -> x"""
    if isinstance(node, ast.Call) and _called(node) == "copy" and _is_method(node):
        yield view.atom(node.func.value)  # type: ignore[attr-defined]


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
    if isinstance(node, ast.Call) and _called(node) == "where" and len(node.args) == 3:
        condition, first, second = (view.text_of(a) for a in node.args)
        yield f"{view.text_of(node.func)}({condition}, {second}, {first})"
    elif isinstance(node, ast.IfExp):
        yield f"({view.text_of(node.orelse)} if {view.text_of(node.test)} else {view.text_of(node.body)})"


@operator
def shorten_loop(node: ast.AST, view: View) -> Texts:
    """range(n) -> range(n - 1)"""
    if isinstance(node, ast.Call) and _called(node) == "range":
        texts = [view.text_of(a) for a in node.args]
        texts[min(1, len(texts) - 1)] += " - 1"
        yield f"range({', '.join(texts)})"


@operator
def loop_forwards(node: ast.AST, view: View) -> Texts:
    """reversed(x) -> x"""
    if isinstance(node, ast.Call) and _called(node) == "reversed":
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
        empty = _called(value) in {"zeros", "zeros_like"} or (_number(value) and not value.value)  # type: ignore[attr-defined]
        if empty and isinstance(target, ast.Name):
            yield f'{target.id} = {target.id} if "{target.id}" in dir() else {view.text_of(value)}'
        elif empty:
            yield "pass"
    elif isinstance(node, ast.Expr) and (_called(node.value) == "fill" or "zero" in _called(node.value)):
        yield "pass"
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult) and _number(node.value):
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
