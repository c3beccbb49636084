"""The file that is to be run: what it must be, and the `__main__` that it gets."""

from __future__ import annotations

import builtins
import io
import os
import sys
import tokenize
import types
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from typing import Any, Protocol

Piece = tuple[bytes | str, str]
"""Source, and the name that it is compiled under."""

_STARTS = ((b"PK\x03\x04", "a zip file"), (b"\x89PNG", "an image"), (b"\xff\xd8\xff", "an image"), (b"%PDF", "a PDF"))


class Unreadable(Exception):
    """The file is no Python source; the text says what it is."""


class Program(Protocol):
    """What is run as `__main__`."""

    file: str
    remarks: Sequence[str]
    """What is said of the way it runs."""

    def read(self) -> Sequence[Piece]:
        """Its pieces, in the order in which they run. Raises Unreadable."""

    def enter(self, pristine: Sequence[str]) -> types.ModuleType:
        """Make the world that it runs in; `pristine` are the names that plain Python puts into an empty `__main__`."""


class Script:
    """A Python file, run as `python file arguments...` runs it."""

    remarks: Sequence[str] = ()

    def __init__(self, file: str, arguments: Sequence[str]) -> None:
        self.file = file
        self.arguments = arguments

    def read(self) -> Sequence[Piece]:
        """The file's bytes as the only piece."""
        return [(read_source(self.file), self.file)]

    def enter(self, pristine: Sequence[str]) -> types.ModuleType:
        """Make `__main__`, `sys.argv` and `sys.path[0]` what plain Python makes of them."""
        enter_world(self.file, self.arguments, os.path.dirname(os.path.realpath(self.file)))
        return fresh_main(self.file, pristine)


def enter_world(file: str, arguments: Sequence[str], folder: str) -> None:
    """Give the program its arguments, and its folder a place on the path."""
    sys.argv = [file, *arguments]
    sys.orig_argv = [sys.executable, *sys.argv]
    if not sys.flags.safe_path:
        sys.path.insert(0, folder)


def read_source(script: str) -> bytes:
    """The script's bytes. Raises Unreadable, with a sentence, for whatever is no Python source."""
    try:
        if os.path.isdir(script):
            raise Unreadable("it is a folder")
        if not os.path.isfile(script):
            raise Unreadable("it is no regular file" if os.path.exists(script) else "there is no such file")
        with open(script, "rb") as file:
            source = file.read()
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from None
    what = _foreign(source, script)
    if what:
        raise Unreadable(f"it is {what}, not Python source")
    return source


def _foreign(source: bytes, script: str) -> str | None:
    for start, what in _STARTS:
        if source.startswith(start):
            return what
    if source[2:4] == b"\r\n" and script.endswith(("c", "o")):
        return "compiled Python"
    if source[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "UTF-16 text"
    if b"\0" in source:
        return "a binary file"
    return None


def check_encoding(source: bytes, script: str) -> None:
    """Raise the SyntaxError that plain Python raises for a file that is not in its encoding, with the line's number."""
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(source).readline)[0]
    except SyntaxError as problem:
        if "unknown" in problem.msg:
            raise SyntaxError(problem.msg, (script, 1, None, None)) from None
        encoding = "utf-8"
    if encoding not in ("utf-8", "utf-8-sig"):
        return
    try:
        source.decode()
    except UnicodeDecodeError as problem:
        line = source.count(b"\n", 0, problem.start) + 1
        text = (
            f"Non-UTF-8 code starting with '\\x{source[problem.start]:02x}' in file {script} on line {line}, but no"
            " encoding declared; see https://peps.python.org/pep-0263/ for details"
        )
        raise SyntaxError(text, (script, line, None, None)) from None


def fresh_main(script: str, pristine: Sequence[str]) -> types.ModuleType:
    """A `__main__` module with exactly the names that this version of Python gives a script."""
    main = types.ModuleType("__main__")
    values: dict[str, Any] = {
        "__name__": "__main__",
        "__loader__": SourceFileLoader("__main__", script),
        "__annotations__": {},
        "__builtins__": builtins,
        "__file__": script,
    }
    namespace = main.__dict__
    namespace.clear()
    namespace.update({name: values.get(name) for name in pristine})
    return main
