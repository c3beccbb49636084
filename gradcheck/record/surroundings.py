"""Scripts that plain `python file` cannot import for: members of a package, and users of a folder above their own.

A script with relative imports runs as `python -m` runs it. A module that is found nowhere else is looked for in the
current folder and in the two above the script, as `PYTHONPATH` would have it. Both are said in the report.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import types
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import Any

from .ending import is_library
from .loader import RewritingFinder
from .packages import importer
from .script import Program, Script, enter_world, fresh_main

_RELATIVE = re.compile(rb"^[ \t]*from[ \t]*\.", re.MULTILINE)
_ABOVE = 2


class Member(Script):
    """A module of a package, run as `python -m module` runs it from the folder `root`."""

    def __init__(self, file: str, arguments: Sequence[str], root: str, module: str) -> None:
        super().__init__(file, arguments)
        self.root = root
        self.module = module
        shown = module.removesuffix(".__main__")
        self.remarks = (f"run as `python -m {shown}` from {root}, because it imports relative to its package",)

    def enter(self, pristine: Sequence[str]) -> types.ModuleType:
        """`__main__` knows its package, and the folder above the package is searched first."""
        enter_world(self.file, self.arguments, self.root)
        main = fresh_main(self.file, pristine)
        main.__package__ = self.module.rpartition(".")[0]
        main.__spec__ = ModuleSpec(self.module, SourceFileLoader(self.module, self.file), origin=self.file)
        return main


def as_run(file: str, arguments: Sequence[str]) -> Program:
    """The script at `file` as a member of its package where it can only run as one, else as a script."""
    try:
        with open(file, "rb") as stream:
            source = stream.read()
        levels = list(_levels(ast.parse(source))) if _RELATIVE.search(source) else []
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        levels = []
    if not levels:
        return Script(file, arguments)
    parts = [os.path.splitext(os.path.basename(file))[0]]
    root = os.path.dirname(file)
    while len(parts) <= max(levels) or os.path.exists(os.path.join(root, "__init__.py")):
        parts.insert(0, os.path.basename(root))
        root = os.path.dirname(root)
        if not parts[0].isidentifier():
            return Script(file, arguments)
    return Member(file, arguments, root, ".".join(parts))


def _levels(node: ast.AST) -> Iterator[int]:
    """How far up relative imports reach; those that a `try` guards have their other way in plain Python."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom) and child.level:
            yield child.level
        elif not isinstance(child, ast.Try):
            yield from _levels(child)


class Above:
    """Last on `sys.meta_path`: the user's modules in the current folder and in those above the script's."""

    def __init__(self, file: str, finder: RewritingFinder) -> None:
        self._finder = finder
        self._script = os.path.dirname(os.path.realpath(file))
        self.found: dict[str, list[str]] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec where one of the folders has the module and a line of the user's asks for it."""
        if path is not None or is_library(importer(sys._getframe(1))):
            return None
        for folder in self._folders():
            if folder not in sys.path and _holds(folder, name):
                self.found.setdefault(folder, []).append(name)
                sys.path.append(folder)
                return self._finder.find_spec(name) or PathFinder.find_spec(name)
        return None

    def _folders(self) -> Iterator[str]:
        try:
            yield os.getcwd()
        except OSError:
            pass
        folder = self._script
        for _ in range(_ABOVE):
            folder = os.path.dirname(folder)
            yield folder

    def report(self) -> list[str]:
        """A sentence for each folder that something was found in."""
        return [f"{' and '.join(names)} was found in {folder}, as with PYTHONPATH={folder}"
                for folder, names in self.found.items()]  # fmt: skip


def _holds(folder: str, name: str) -> bool:
    """Whether there is a module, a package, or a folder of Python files of this name."""
    place = os.path.join(folder, name)
    if os.path.isfile(place + ".py"):
        return True
    try:
        return any(entry.endswith(".py") for entry in os.listdir(place))
    except OSError:
        return False


def install(file: str, finder: RewritingFinder) -> Above:
    """Put the last finder on `sys.meta_path`."""
    above = Above(file, finder)
    entries: list[Any] = sys.meta_path
    entries.append(above)
    return above
