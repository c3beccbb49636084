"""The house rules that a machine can hold: who may import whom, what the child may need, how large things get."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "gradcheck"
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

# A module imports from lower levels, and within its own package. The longest prefix counts.
LEVELS = {
    "__init__": 0.0,
    "errors": 0.0,
    "options": 1.0,
    "explain": 1.5,
    "results": 2.0,
    "cells": 2.5,
    "reading": 3.0,
    "saved": 3.0,
    "tape": 3.0,
    "ops": 3.0,
    "numeric": 3.0,
    "record": 3.5,
    "replay": 3.5,
    "step": 4.0,
    "diagnose": 4.5,
    "editing": 4.6,
    "rules": 5.0,
    "judge": 5.5,
    "ignores": 5.0,
    "guard": 5.4,
    "supervise": 5.5,
    "target": 5.5,
    "assemble": 5.7,
    "pairs": 5.8,
    "hooks": 5.8,
    "sweep": 5.8,
    "steps": 5.9,
    "repair": 5.8,
    "patch": 6.5,
    "render": 6.0,
    "definitions": 5.5,
    "check": 6.0,
    "configuration": 6.0,
    "demo": 6.0,
    "watch": 6.0,
    "functions": 6.0,
    "publish": 6.5,
    "cli": 7.0,
    "pytest_plugin": 7.0,
    "notebook": 7.5,
    "__main__": 8.0,
}
# The child starts in one file of record/, which alone looks up to the judging; the names are given as text there.
CHILD_SIDE = ("errors", "results", "cells", "tape", "ops", "numeric", "record", "replay", "step", "diagnose", "rules")
CHILD_SIDE += ("judge", "editing")
NEVER = [("render", "record"), ("rules", "record"), ("rules", "render"), ("ops", "numeric"), ("numeric", "ops")]
# What a stand-in hands out when the script itself asks for it, if the script's interpreter has it.
ON_REQUEST = {"record.learning": {"pandas", "scipy"}}
MODULE_LINES = 400
FUNCTION_LINES = 60


def _top(name: str) -> str:
    return name.partition(".")[0]


@cache
def _nodes(name: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(MODULES[name].read_bytes())))


def _imports(name: str) -> Iterator[tuple[str, int]]:
    """Modules of the package that a module imports, by their name inside it, with the line."""
    folder = name.split(".") if MODULES[name].name == "__init__.py" else name.split(".")[:-1]
    folder = [part for part in folder if part != "__init__"]
    for node in _nodes(name):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = folder[: len(folder) - node.level + 1]
            targets = [[*base, *(node.module.split(".") if node.module else []), alias.name] for alias in node.names]
            for parts in targets:
                path = ".".join(parts)
                yield (path if path in MODULES else ".".join(parts[:-1]) or "__init__"), node.lineno


def _foreign(name: str) -> Iterator[tuple[str, int]]:
    """Top-level names of what a module imports absolutely, at module level or inside functions."""
    for node in _nodes(name):
        if isinstance(node, ast.Import):
            yield from ((_top(alias.name), node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield _top(node.module or ""), node.lineno


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_one_way(name: str) -> None:
    assert _top(name) in LEVELS, f"give {_top(name)} a level in {Path(__file__).name}"
    if name == "__init__":
        return  # names are imported on first use there
    for other, line in _imports(name):
        inside = _top(other) == _top(name)
        assert inside or LEVELS[_top(other)] < LEVELS[_top(name)], f"{name}:{line} imports {other}"
        assert (_top(name), _top(other)) not in NEVER, f"{name}:{line} imports {other}"


@pytest.mark.parametrize("name", MODULES)
def test_imports_inside_the_package_are_relative(name: str) -> None:
    assert [line for other, line in _foreign(name) if other == "gradcheck"] == []


@pytest.mark.parametrize("name", [name for name in MODULES if _top(name) in CHILD_SIDE])
def test_the_child_needs_numpy_and_the_standard_library_only(name: str) -> None:
    allowed = {*sys.stdlib_module_names, "numpy", *ON_REQUEST.get(name, ())}
    assert [f"{name}:{line} {other}" for other, line in _foreign(name) if other not in allowed] == []


@pytest.mark.parametrize("name", MODULES)
def test_sizes(name: str) -> None:
    lines = len(MODULES[name].read_text().splitlines())
    assert lines <= MODULE_LINES
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1}"
        for node in _nodes(name)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert long == []


def test_the_checks_see_what_they_look_for() -> None:
    assert {"__init__", "options", "results", "target"} <= {other for other, _ in _imports("check")}
    assert {"results", "render.view"} <= {other for other, _ in _imports("render.terminal")}
    assert "rich" in {other for other, _ in _foreign("render.terminal")}
