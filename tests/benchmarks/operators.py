"""Mutation operators on expressions: small edits of hand-written backward code, as people make them.

Each operator looks at one node of the syntax tree and gives texts to put in its place. Whether an edit is a mistake
at all is decided elsewhere, by measuring.
"""

from __future__ import annotations

import ast

from .edits import PRODUCTS, Texts, View, called, is_derivative, is_method, is_number, is_operation, operator, sides

# --- derivatives (first: where a general operator makes the same edit, the particular name is kept)


@operator
def square_to_linear(node: ast.AST, view: View) -> Texts:
    """1 - a ** 2 -> 1 - a; 1 - a * a -> 1 - a"""
    if is_operation(node, ast.Sub) and is_number(node.left):  # type: ignore[attr-defined]
        right = node.right  # type: ignore[attr-defined]
        if is_operation(right, ast.Pow) or (
            is_operation(right, ast.Mult) and ast.dump(right.left) == ast.dump(right.right)
        ):
            yield f"({view.text_of(node.left)} - {view.atom(right.left)})"  # type: ignore[attr-defined]


@operator
def sigmoid_derivative(node: ast.AST, view: View) -> Texts:
    """a * (1 - a) -> a; a * (1 - a) -> 1 - a"""
    if is_operation(node, ast.Mult):
        left, right = node.left, node.right  # type: ignore[attr-defined]
        if is_operation(right, ast.Sub) and is_number(right.left):
            yield view.atom(left) if not is_operation(left, ast.Mult) else view.text_of(left)
            yield (
                view.atom(right)
                if not is_operation(left, ast.Mult)
                else f"({view.atom(left.left)} * {view.atom(right)})"
            )


@operator
def change_exponent(node: ast.AST, view: View) -> Texts:
    """a ** 2 -> a; a ** 2 -> a ** 3"""
    if is_operation(node, ast.Pow) and is_number(node.right):  # type: ignore[attr-defined]
        yield view.atom(node.left)  # type: ignore[attr-defined]
        yield f"({view.atom(node.left)} ** {node.right.value + 1!r})"  # type: ignore[attr-defined]
    elif called(node) == "sqrt" and isinstance(node, ast.Call):
        yield view.atom(node.args[0])


# --- products and transposes


@operator
def drop_transpose(node: ast.AST, view: View) -> Texts:
    """x.T -> x"""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield view.atom(node.value)
    elif called(node) == "transpose" and isinstance(node, ast.Call):
        if is_method(node) and not node.args:
            yield view.atom(node.func.value)  # type: ignore[attr-defined]
        elif not is_method(node) and len(node.args) == 1:
            yield view.atom(node.args[0])


@operator
def add_transpose(node: ast.AST, view: View) -> Texts:
    """a @ w -> a @ w.T"""
    if is_operation(node, ast.MatMult):
        left, right = sides(node, view)
        yield f"{left} @ {right}.T"
        yield f"{left}.T @ {right}"
    elif isinstance(node, ast.Call) and called(node) == "dot" and not node.keywords:
        head = view.text_of(node.func)
        texts = [view.text_of(a) for a in node.args]
        yield f"{head}({', '.join([*texts[:-1], view.atom(node.args[-1]) + '.T'])})"


@operator
def swap_product(node: ast.AST, view: View) -> Texts:
    """a @ b -> b @ a"""
    if is_operation(node, ast.MatMult):
        left, right = sides(node, view)
        yield f"{right} @ {left}"
    elif isinstance(node, ast.Call) and called(node) in {"dot", "matmul", "outer"} and not node.keywords:
        if len(node.args) == 2:
            first, second = (view.text_of(a) for a in node.args)
            yield f"{view.text_of(node.func)}({second}, {first})"
        elif len(node.args) == 1 and is_method(node):
            yield f"{view.atom(node.args[0])}.dot({view.text_of(node.func.value)})"  # type: ignore[attr-defined]


@operator
def transpose_product(node: ast.AST, view: View) -> Texts:
    """a.T @ b -> (a.T @ b).T"""
    if is_operation(node, ast.MatMult):
        yield f"({view.text_of(node)}).T"
    elif isinstance(node, ast.Call) and called(node) in {"dot", "outer", "matmul"}:
        yield f"{view.text_of(node)}.T"


@operator
def elementwise_for_matrix_product(node: ast.AST, view: View) -> Texts:
    """a @ b -> a * b"""
    if is_operation(node, ast.MatMult):
        yield "({} * {})".format(*sides(node, view))
    elif isinstance(node, ast.Call) and called(node) == "dot" and len(node.args) == 2:
        yield "({} * {})".format(*(view.atom(a) for a in node.args))


@operator
def matrix_for_elementwise_product(node: ast.AST, view: View) -> Texts:
    """a * b -> a @ b"""
    if is_operation(node, ast.Mult):
        yield "({} @ {})".format(*sides(node, view))


# --- factors


@operator
def drop_factor(node: ast.AST, view: View) -> Texts:
    """a * b -> a"""
    if is_operation(node, ast.Mult):
        sides = [node.left, node.right]  # type: ignore[attr-defined]
        yield from (view.atom(s) for s, other in zip(sides, sides[::-1], strict=True) if not is_derivative(other))


@operator
def drop_activation_derivative(node: ast.AST, view: View) -> Texts:
    """delta * (1 - a ** 2) -> delta; dz[z <= 0] = 0 -> nothing"""
    if is_operation(node, ast.Mult):
        left, right = node.left, node.right  # type: ignore[attr-defined]
        if is_derivative(right):
            yield view.atom(left)
        if is_derivative(left):
            yield view.atom(right)
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        if isinstance(node.targets[0].slice, ast.Compare):
            yield "pass"


@operator
def drop_division(node: ast.AST, view: View) -> Texts:
    """a / n -> a"""
    if is_operation(node, ast.Div):
        yield view.atom(node.left)  # type: ignore[attr-defined]
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div):
        yield "pass"


@operator
def divide_twice(node: ast.AST, view: View) -> Texts:
    """a / n -> a / n / n"""
    if is_operation(node, ast.Div):
        left, right = sides(node, view)
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
            if is_number(side):
                old, new = view.text_of(side), repr(side.value + 1)  # type: ignore[attr-defined]
                first, last = view.span(node)
                here = view.span(side)[0] - first
                yield "(" + view.text[first : first + here] + new + view.text[first + here + len(old) : last] + ")"


# --- terms and signs


@operator
def flip_term(node: ast.AST, view: View) -> Texts:
    """a + b -> a - b"""
    if is_operation(node, ast.Add):
        yield "({} - {})".format(*sides(node, view))
    elif is_operation(node, ast.Sub):
        yield "({} + {})".format(*sides(node, view))


@operator
def swap_difference(node: ast.AST, view: View) -> Texts:
    """a - b -> b - a"""
    if is_operation(node, ast.Sub):
        left, right = sides(node, view)
        yield f"({right} - {left})"


@operator
def drop_minus(node: ast.AST, view: View) -> Texts:
    """-a -> a"""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not is_number(node.operand):
        yield view.atom(node.operand)


@operator
def negate(node: ast.AST, view: View) -> Texts:
    """d = e -> d = -(e)"""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.BinOp | ast.Call):
        yield f"{view.text_of(node.targets[0])} = -({view.text_of(node.value)})"


@operator
def drop_term(node: ast.AST, view: View) -> Texts:
    """a + b -> a"""
    if is_operation(node, ast.Add) or is_operation(node, ast.Sub):
        left, right = sides(node, view)
        yield left
        yield right if is_operation(node, ast.Add) else f"(-{right})"


@operator
def drop_regulariser(node: ast.AST, view: View) -> Texts:
    """g + c * w -> g, and g += c * w -> nothing, where c is a number"""
    if is_operation(node, ast.Add) and _scaled_by_number(node.right, view):  # type: ignore[attr-defined]
        yield view.atom(node.left)  # type: ignore[attr-defined]
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and _scaled_by_number(node.value, view):
        yield "pass"


def _scaled_by_number(node: ast.AST, view: View) -> bool:
    shapes = view.shapes.get(getattr(node, "lineno", 0), {})
    if not is_operation(node, ast.Mult):
        return False
    left, right = node.left, node.right  # type: ignore[attr-defined]
    scalar = [is_number(s) or (isinstance(s, ast.Name) and not shapes.get(s.id)) for s in (left, right)]
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
    if not isinstance(node, ast.Call) or called(node) not in REDUCTIONS:
        return None
    given = [k.value for k in node.keywords if k.arg == "axis"]
    at = 0 if is_method(node) else 1
    return given[0] if given else node.args[at] if len(node.args) > at else None


def _with_axis(node: ast.Call, axis: str | None, view: View) -> str:
    kept = [view.text_of(a) for a in node.args[: 0 if is_method(node) else 1]]
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
        yield view.atom(node.func.value if is_method(node) else node.args[0]) + "[0]"  # type: ignore[attr-defined]


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
    if isinstance(index, ast.BinOp) and isinstance(index.op, ast.Add | ast.Sub) and is_number(index.right):
        yield f"{owner}[{view.text_of(index.left)}]"
    elif isinstance(index, ast.Name) and not view.shapes.get(node.lineno, {}).get(index.id):
        yield f"{owner}[{index.id} - 1]"
    elif isinstance(index, ast.UnaryOp) and is_number(index.operand):
        yield f"{owner}[{view.text_of(index)} - 1]"
    elif is_number(index) and isinstance(index.value, int) and index.value > 0:  # type: ignore[attr-defined]
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
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and called(node.value) == "at":
        table, index, value = (view.text_of(a) for a in node.value.args)
        yield f"{table}[{index.strip('()')}] += {value}"


@operator
def drop_call(node: ast.AST, view: View) -> Texts:
    """f(x) -> x; np.clip(x, a, b) -> x"""
    if isinstance(node, ast.Call) and called(node) not in PRODUCTS | REDUCTIONS | {"zip", "range", "reversed", "len"}:
        if len(node.args) == 1 and not node.keywords and not is_method(node):
            yield view.atom(node.args[0])
        elif called(node) == "clip" and not is_method(node):
            yield view.atom(node.args[0])


@operator
def drop_copy(node: ast.AST, view: View) -> Texts:
    """x.copy() -> x"""
    if isinstance(node, ast.Call) and called(node) == "copy" and is_method(node):
        yield view.atom(node.func.value)  # type: ignore[attr-defined]
