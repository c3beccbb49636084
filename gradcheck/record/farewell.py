"""What plain Python does with an error at the end of a script: hooks, streams, exit codes, without our frames."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from . import ending


def error_of(action: Callable[[], Any]) -> BaseException | None:
    """What `action` raises; returned, so that it is handled where no exception is being handled."""
    try:
        action()
    except BaseException as error:
        return error
    return None


def exit_code(leaving: SystemExit) -> int:
    """The process's exit code; a text is printed as plain Python prints it."""
    if leaving.code is None:
        return 0
    if isinstance(leaving.code, int):
        return leaving.code & 0xFF
    flush()
    _quietly(lambda: print(leaving.code, file=sys.stderr))
    return 1


def show(error: BaseException) -> None:
    """Call the script's `sys.excepthook`, or the interpreter's where that fails."""
    flush()
    if sys.excepthook is sys.__excepthook__:
        _print(error)
        return
    second = error_of(lambda: sys.excepthook(type(error), error, error.__traceback__))
    if second is None or isinstance(second, SystemExit):
        return
    ending.peel(second)
    _quietly(lambda: print("Error in sys.excepthook:", file=sys.stderr))
    _print(second)
    _quietly(lambda: print("\nOriginal exception was:", file=sys.stderr))
    _print(error)


def _print(error: BaseException) -> None:
    with ending.no_names_of_ours():
        sys.__excepthook__(type(error), error, error.__traceback__)


def peeled(hook: Callable[[Any], object]) -> Callable[[Any], None]:
    """The hook, given a traceback without our frames."""

    def with_less(arguments: Any, /) -> None:
        if arguments.exc_value is None:
            hook(arguments)
            return
        ending.peel(arguments.exc_value)
        trace = arguments.exc_value.__traceback__
        hook(type(arguments)([*arguments[:2], trace, *arguments[3:]]))

    return with_less


def flush() -> None:
    """Write out what the script printed."""
    for stream in (sys.stdout, sys.stderr):
        _quietly(getattr(stream, "flush", bool))


def _quietly(action: Callable[[], Any]) -> None:
    """The script's streams may be closed, gone or its own objects."""
    try:
        action()
    except BaseException:
        return
