"""What a module that only defines could be asked to do: calls for `--call`, read from its source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

MOST = 4
Definition = ast.FunctionDef | ast.AsyncFunctionDef


def entry_points(sources: Sequence[str]) -> list[str]:
    """Calls such as "Net(sizes).fit(X, y)", those whose body holds a loop that updates something first.

    Without any such loop they are all public functions and classes of the module's top level.
    """
    body = [statement for source in sources for statement in _body(source)]
    found = [found for statement in body for found in _callables(statement)]
    updating = _updating([function for _, function, _ in found])
    # A property, a step called in another's loop: neither holds a loop of its own.
    training = [call for call, function, public in found if public and _trains(function, updating)]
    every = [call for call, _, public in found if public and "." not in call]
    return list(dict.fromkeys(training or every))[:MOST]


def _body(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _callables(statement: ast.stmt) -> Iterator[tuple[str, Definition, bool]]:
    """(call, function, whether it is public) of a function, or of the methods of a class; a class calls itself too."""
    if isinstance(statement, Definition):
        yield f"{statement.name}({_needed(statement)})", statement, not statement.name.startswith("_")
    if not isinstance(statement, ast.ClassDef):
        return
    methods = [one for one in statement.body if isinstance(one, Definition)]
    start = next((one for one in methods if one.name == "__init__"), None)
    made = f"{statement.name}({_needed(start, skip=1) if start else ''})"
    public = not statement.name.startswith("_")
    if start is not None:
        yield made, start, public
    for one in methods:
        if one is not start:
            yield f"{made}.{one.name}({_needed(one, skip=1)})", one, public and not one.name.startswith("_")


def _needed(function: Definition, skip: int = 0) -> str:
    """The arguments without a default."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    positional = positional[: len(positional) - len(arguments.defaults)][skip:]
    keywords = [
        f"{a.arg}={a.arg}" for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is None
    ]
    return ", ".join([*(a.arg for a in positional), *keywords])


def _updating(functions: Sequence[Definition]) -> set[str]:
    """Names of functions that update something, themselves or by a function of the module that they call."""
    names = {function.name for function in functions if any(map(_updates, ast.walk(function)))}
    while True:
        more = {function.name for function in functions if _called(function) & names} - names
        if not more:
            return names
        names |= more


def _trains(function: Definition, updating: set[str]) -> bool:
    loops = [node for node in ast.walk(function) if isinstance(node, ast.For | ast.While)]
    return any(_called(loop) & updating or any(map(_updates, ast.walk(loop))) for loop in loops)


def _called(node: ast.AST) -> set[str]:
    calls = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    return {f.attr if isinstance(f, ast.Attribute) else f.id for f in calls if isinstance(f, ast.Attribute | ast.Name)}


def _updates(node: ast.AST) -> bool:
    """`w -= step` or `w = w - step`: something is made smaller or larger by a computed amount."""
    if isinstance(node, ast.AugAssign):
        return isinstance(node.op, ast.Sub | ast.Add) and _computed(node.value)
    if isinstance(node, ast.ListComp):  # [w - rate * g for w, g in zip(weights, gradients)]
        each = node.elt
        return isinstance(each, ast.BinOp) and isinstance(each.op, ast.Sub | ast.Add) and _computed(each.right)
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.BinOp):
        return False
    old = {ast.dump(target).replace("Store()", "Load()") for target in node.targets}
    return (
        isinstance(node.value.op, ast.Sub | ast.Add)
        and ast.dump(node.value.left) in old
        and _computed(node.value.right)
    )


def _computed(value: ast.expr) -> bool:
    """Neither a number nor a name alone: counters and sums of losses are no update."""
    return isinstance(value, ast.BinOp)
