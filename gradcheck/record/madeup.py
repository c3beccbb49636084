"""Data for `--call`: what the call names and the module does not define becomes made-up, learnable data.

Its form is found by trying: each form is given to the call in a fork of the process, which sees the script as it is and
leaves nothing behind; the first that raises nothing is the one that is recorded.
"""

from __future__ import annotations

import ast
import builtins
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_exit = os._exit
_default_rng = np.random.default_rng

ROWS = 200
#: Seconds that one form is tried, after which it counts as fitting, and seconds for all of them.
TRIAL, ALL = 2, 15.0
#: Inputs and classes that layers have by custom, tried when the call's own numbers do not fit.
CUSTOMARY = ((4, 3), (2, 1), (784, 10), (2, 2), (1, 1), (64, 10), (3, 1))
PICTURES = {784: ((28, 28), (1, 28, 28), (28, 28, 1)), 3072: ((32, 32, 3), (3, 32, 32))}


@dataclass(frozen=True, slots=True)
class Form:
    """One form of the data: what the report says of it, and the values by name."""

    words: str
    values: Mapping[str, Any]


def missing_names(call: str, namespace: Mapping[str, Any]) -> list[str]:
    """Names that the call reads as values and nobody defines, in their order; none where it cannot be parsed."""
    try:
        nodes = list(ast.walk(ast.parse(call)))
    except (SyntaxError, ValueError):
        return []
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    names = [node for node in nodes if isinstance(node, ast.Name)]
    bound = {node.id for node in names if not isinstance(node.ctx, ast.Load)} | set(namespace) | set(dir(builtins))
    read = [node for node in names if id(node) not in called and node.id not in bound]
    return list(dict.fromkeys(node.id for node in sorted(read, key=lambda node: (node.lineno, node.col_offset))))


def sizes_of(call: str) -> list[tuple[int, int]]:
    """(inputs, outputs) that the call may mean, from its lists of numbers and its numbers; then the customary ones."""
    found: list[tuple[int, int]] = []
    nodes = list(ast.walk(ast.parse(call)))
    lists = [_numbers(node.elts) for node in nodes if isinstance(node, ast.List | ast.Tuple)]
    plain = [_numbers([*n.args, *(k.value for k in n.keywords)]) for n in nodes if isinstance(n, ast.Call)]
    for numbers in [*lists, *reversed(plain)]:
        if len(numbers) > 1:
            found += [(numbers[0], numbers[-1])]
        elif numbers:
            found += [(numbers[0], 1)]
    return list(dict.fromkeys([*found, *CUSTOMARY]))


def _numbers(nodes: Sequence[ast.expr]) -> list[int]:
    values = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return [value for value in values if type(value) is int and 0 < value <= 10_000]


def forms(call: str, names: Sequence[str]) -> Iterator[Form]:
    """Data for the names, the likeliest form first. Inputs and targets take turns: X, y, X_test, y_test."""
    sizes = sizes_of(call)
    rows = ROWS if all(ROWS not in pair for pair in sizes) else ROWS + 11
    for inputs, outputs in sizes:
        for words, make in _layouts(inputs, outputs):
            rng = _default_rng(0)
            teacher = rng.normal(size=(inputs, max(outputs, 2)))
            values = {}
            for number, name in enumerate(names):
                if number % 2 == 0:
                    x = rng.normal(size=(rows, inputs))
                    classes = np.argmax(x @ teacher, axis=1)
                values[name] = make(x, classes, number)
            described = ", ".join(f"{name} {_described(value)}" for name, value in values.items())
            yield Form(f"{described}; {words}", values)


Make = Callable[[Any, Any, int], Any]


def _layouts(inputs: int, outputs: int) -> Iterator[tuple[str, Make]]:
    if outputs > 1:
        labels: list[tuple[str, Callable[[Any], Any]]] = [
            (f"{outputs} classes as numbers", lambda c: c),
            (f"{outputs} classes one-hot", lambda c: np.eye(outputs)[c]),
            (f"{outputs} classes in a column", lambda c: c[:, None]),
        ]
    else:
        labels = [
            ("0 or 1 in a column", lambda c: c[:, None].astype(float)),
            ("0 or 1", lambda c: c.astype(float)),
            ("0 or 1 as whole numbers", lambda c: c),
        ]
    for words, label in labels:
        yield words, lambda x, c, number, label=label: x if number % 2 == 0 else label(c)  # type: ignore[misc]
    for shape in PICTURES.get(inputs, ()):
        for words, label in labels[:2]:
            yield f"{words}, pictures", _pictures(shape, label)
    for words, label in (labels[1], labels[0]) if outputs > 1 else labels[:1]:
        yield (
            f"{words}, one example a column",
            lambda x, c, number, label=label: (  # type: ignore[misc]
                x.T.copy() if number % 2 == 0 else np.ascontiguousarray(label(c).T)
            ),
        )
    yield "pairs of columns (input, one-hot target)", _pairs(outputs, whole=False)
    yield (
        "pairs of columns (input, target), the target a whole number after the first list",
        _pairs(outputs, whole=True),
    )
    for words, label in labels[:2]:
        yield (
            f"{words}, as lists",
            lambda x, c, number, label=label: (  # type: ignore[misc]
                (x if number % 2 == 0 else label(c)).tolist()
            ),
        )


def _pictures(shape: tuple[int, ...], label: Callable[[Any], Any]) -> Make:
    return lambda x, c, number: x.reshape(-1, *shape) if number % 2 == 0 else label(c)


def _pairs(outputs: int, *, whole: bool) -> Make:
    def make(x: Any, classes: Any, number: int) -> Any:
        targets = np.eye(max(outputs, 2))[classes][:, -outputs:, None]
        if whole and number:
            return [(row[:, None], int(label)) for row, label in zip(x, classes, strict=True)]
        return [(row[:, None], target) for row, target in zip(x, targets, strict=True)]

    return make


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{' x '.join(map(str, value.shape))} {value.dtype}"
    return f"a list of {len(value)}"


def fitting(call: str, names: Sequence[str], run: Callable[[Mapping[str, Any]], Any]) -> tuple[Form, int, bool]:
    """The first form with which `run(values)` raises nothing in a fork, how many were tried, and whether one fits.

    Without one it is the first form: its exception is then the script's own.
    """
    began = time.monotonic()
    first: Form | None = None
    tried = 0
    for form in forms(call, names):
        first = first or form
        tried += 1
        if _raises_nothing(lambda form=form: run(form.values)):  # type: ignore[misc]
            return form, tried, True
        if time.monotonic() - began > ALL:
            break
    assert first is not None
    return first, tried, False


def _raises_nothing(action: Callable[[], Any]) -> bool:
    process = os.fork()
    if process:
        return _left_well(process)
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        signal.signal(signal.SIGALRM, lambda number, frame: _exit(0))
        signal.alarm(TRIAL)
        action()
    except SystemExit as leaving:
        _exit(1 if leaving.code else 0)
    except BaseException:
        _exit(1)
    _exit(0)


def _left_well(process: int) -> bool:
    """Whether the fork left with 0; one that its own alarm does not end (a lock of a thread it lost) is killed."""
    deadline = time.monotonic() + TRIAL + 1
    while time.monotonic() < deadline:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.002)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return False


def said(form: Form, tried: int, fits: bool) -> str:
    """What the report says of the data."""
    if not fits:
        return f"made-up data was given to --call, but none of {tried} forms fits; shown is the first: {form.words}"
    before = f" ({tried - 1} before it did not fit)" if tried > 1 else ""
    return f"made-up data was given to --call: {form.words}{before}"
