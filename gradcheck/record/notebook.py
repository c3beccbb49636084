"""A notebook as a program: one piece a cell, in the world that a kernel gives it."""

from __future__ import annotations

import builtins
import linecache
import os
import sys
import traceback
import types
from collections.abc import Callable, Sequence
from typing import Any

from .script import Piece, enter_world, fresh_main

Callback = Callable[[types.ModuleType], Any]


class Notebook:
    """Cells, run in their order in the notebook's folder.

    `cells` are (name, code, text): what a cell is compiled under, its Python, and what stands in the notebook.
    """

    remarks: Sequence[str] = ()

    def __init__(self, file: str, arguments: Sequence[str], cells: Sequence[tuple[str, str, str]]) -> None:
        self.file = file
        self.arguments = arguments
        self.cells = cells

    def read(self) -> Sequence[Piece]:
        """The Python of each cell. Tracebacks and `inspect` find the cells' text."""
        for name, _, text in self.cells:
            lines = [line + "\n" for line in text.split("\n")]
            linecache.cache[name] = (len(text), None, lines, name)
        return [(code, name) for name, code, _ in self.cells]

    def enter(self, pristine: Sequence[str]) -> types.ModuleType:
        """A `__main__` without a file, the notebook's folder as the current one, and IPython's two names."""
        folder = os.path.dirname(self.file)
        os.chdir(folder)
        enter_world(self.file, self.arguments, folder)
        for name, value in (("get_ipython", get_ipython), ("display", display)):
            setattr(builtins, name, value)
        sys.excepthook = traceback.print_exception  # the interpreter's own looks for the cells among the files
        return fresh_main(self.file, [name for name in pristine if name != "__file__"])


def display(*objects: Any, **options: Any) -> None:
    """Print what a notebook would show."""
    for value in objects:
        print(repr(value))


class Shell:
    """What `get_ipython()` gives: magics do nothing, and whatever else is asked of it does nothing either."""

    user_ns: dict[str, Any]

    def __init__(self) -> None:
        self.user_ns = vars(sys.modules["__main__"])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _nothing

    def __repr__(self) -> str:
        return "<a notebook's shell: magics do nothing here>"


def _nothing(*args: Any, **options: Any) -> None:
    """A magic, not run."""


def get_ipython() -> Shell:
    """The stand-in of IPython's shell."""
    return Shell()


def shell_or(after: Callable[[str], Callback | None]) -> Callable[[str], Callback | None]:
    """What to do after an import: `from IPython import get_ipython` gives the same shell; all else as `after` says."""

    def put(module: types.ModuleType) -> None:
        module.get_ipython = get_ipython  # type: ignore[attr-defined]

    return lambda name: put if name == "IPython.core.getipython" else after(name)
