"""How a script ended: an exception, an exit or a signal as one `Outcome` with the user's frames only."""

from __future__ import annotations

import builtins
import importlib.util
import os
import sysconfig
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

from ..results import Outcome
from . import missing
from .frames import is_ours, without_our_frames

_FOLDERS = [sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")]
_INSTALLED = tuple({os.path.join(path, "") for folder in _FOLDERS for path in (folder, os.path.realpath(folder))})
_SITE = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_HEAD, _TAIL, _WIDTH = 12, 40, 300


def is_users(filename: str) -> bool:
    """Whether the file is the user's: not ours, the standard library's, an installed package's, nor a made-up name."""
    if filename.startswith("<") or is_ours(filename):
        return False
    return not is_library(filename)


def is_library(filename: str) -> bool:
    """Whether the file is the standard library's or an installed package's."""
    return filename.startswith(_INSTALLED) or any(part in filename for part in _SITE)


def peel(error: BaseException) -> None:
    """Take our frames out of the tracebacks of `error` and of everything it was caused by, in place."""
    for one in _chain(error):
        one.__traceback__ = without_our_frames(one.__traceback__)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, *(one.exceptions if isinstance(one, BaseExceptionGroup) else ())]


@contextmanager
def no_names_of_ours() -> Iterator[None]:
    """While an error is put into words: "did you mean" looks through the builtins, where the taps are."""
    namespace = vars(builtins)
    ours = {name: value for name, value in namespace.items() if name.startswith("@")}
    if threading.active_count() > 1:
        ours = {}  # another thread may be running rewritten code
    for name in ours:
        del namespace[name]
    try:
        yield
    finally:
        namespace.update(ours)


def of_exception(error: BaseException) -> Outcome:
    """The outcome of an uncaught exception (peel it first)."""
    kind, message = _kind(error)
    file, line = _place(error)
    if isinstance(error, FileNotFoundError) and (name := missing.file_of(error)):
        kind, message = "missing_file", missing.file_words(name, file, line)
    elif kind == "missing_package":
        message = missing.package_words(str(getattr(error, "name", "")).partition(".")[0], file)
    return Outcome(kind, message, line, file, _bounded(traceback.format_exception(error)))


def of_exit(error: SystemExit) -> Outcome:
    """The outcome of `sys.exit`: its text, or its number where it is not zero."""
    file, line = _place(error)
    if error.code is None or isinstance(error.code, int):
        message = f"exit code {error.code}" if error.code else ""
    else:
        message = _shorten(str(error.code), 2000)
    return Outcome("exit", message, line, file)


def here(kind: str, message: str, frame: FrameType | None) -> Outcome:
    """An outcome that is no exception, placed at the innermost user frame from `frame` outwards."""
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return Outcome(kind, message)
    return Outcome(kind, message, frame.f_lineno, frame.f_code.co_filename)


def of_unreadable(reason: str, file: str) -> Outcome:
    """The outcome of a script that is no Python source: `reason` says what it is."""
    return Outcome("unreadable", reason, None, file)


def after_cut(outcome: Outcome) -> Outcome:
    """The same outcome, marked as ours: it came after a loop had been ended early."""
    return replace(outcome, after_cut=True)


def _kind(error: BaseException) -> tuple[str, str]:
    text = _shorten("".join(traceback.format_exception_only(error)[-1:]).strip(), 500)
    if isinstance(error, SyntaxError) and error.filename and is_users(error.filename):
        return "syntax_error", text
    if isinstance(error, ModuleNotFoundError) and _is_package(error.name):
        return "missing_package", text
    if isinstance(error, MemoryError):
        return "memory", text
    if isinstance(error, EOFError) and error.args == ("EOF when reading a line",):
        return "input", "the script waits for input(), and nothing more is piped in: pipe the answers to its questions"
    return "exception", text


def _is_package(name: str | None) -> bool:
    """Whether the missing module is a package to install, rather than a submodule of one that is there."""
    return name is not None and ("." not in name or not _importable(name.partition(".")[0]))


def _importable(name: str) -> bool:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin != "stand-in"


def _place(error: BaseException) -> tuple[str, int | None]:
    """File and line of the deepest user frame; of the error itself for a syntax error in a user's file."""
    if isinstance(error, SyntaxError) and error.filename and is_users(error.filename):
        return error.filename, error.lineno
    place: tuple[str, int | None] = ("", None)
    for frame, line in traceback.walk_tb(error.__traceback__):
        if is_users(frame.f_code.co_filename):
            place = (frame.f_code.co_filename, line)
    return place


def _bounded(parts: list[str]) -> str:
    lines = [_shorten(line, _WIDTH) for line in "".join(parts).splitlines()]
    if len(lines) > _HEAD + _TAIL:
        left_out = len(lines) - _HEAD - _TAIL
        lines[_HEAD:-_TAIL] = [f"  ... {left_out} lines left out ..."]
    return "\n".join(lines)


def _shorten(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
