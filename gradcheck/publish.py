"""Reports on their way out: to standard output or a file, in which width and with which colours."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import RenderError, UsageError
from .options import Color, Display
from .render import render, save
from .render.steps import BLOCKS

if TYPE_CHECKING:
    from .results import Report

WIDTH = 100
NARROWEST, WIDEST = 60, 120


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for beyond how a script is checked."""

    form: str
    output: str | None
    html: str | None
    color: Color
    quiet: bool
    strict: bool
    exit_zero: bool
    show_output: bool
    alone: bool


def refuse_overwrites(request: Request, files: Sequence[str], noun: str = "script") -> None:
    """Raises UsageError when a report would replace one of the files or cannot be written where it should go."""
    for option, path in (("--output", request.output), ("--html", request.html)):
        if path:
            _refuse_overwrite(option, path, files, noun)
    if request.html and request.output and os.path.abspath(request.html) == os.path.abspath(request.output):
        raise UsageError("--html and --output name the same file")


def _refuse_overwrite(option: str, output: str, files: Iterable[str], noun: str) -> None:
    for file in files:
        if os.path.exists(output) and os.path.exists(file) and os.path.samefile(output, file):
            raise UsageError(f"{option} {output} would replace the {noun} itself")
    if output.endswith(".py"):
        raise UsageError(f"{option} {output} would write a report under a Python file's name")
    if not os.path.isdir(os.path.dirname(os.path.abspath(output))):
        raise UsageError(f"{option} {output}: there is no such folder")


def publish(reports: list[Report], request: Request) -> None:
    """Shows the reports where and how they are wanted. Raises RenderError when that is not possible."""
    publish_page(reports, request)
    text = render(reports, request.form, _display(request))
    if request.output:
        save(request.output, text)
    else:
        say(text)


def publish_page(reports: list[Report], request: Request) -> None:
    """Writes the page, where one is wanted."""
    if request.html:
        save(request.html, render(reports, "html"))


def say(text: str | bytes) -> None:
    """Writes to standard output. Raises RenderError when that is not possible."""
    if sys.stdout is None:
        raise RenderError("the report cannot be written: standard output is closed")
    try:
        if isinstance(text, bytes):
            sys.stdout.flush()
            sys.stdout.buffer.write(text)
        else:
            sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RenderError(f"the report cannot be written: {error.strerror}") from None


def _display(request: Request) -> Display:
    terminal = request.output is None and sys.stdout is not None and sys.stdout.isatty()
    width = min(max(shutil.get_terminal_size((WIDTH, 24)).columns, NARROWEST), WIDEST) if terminal else WIDTH
    blocks = terminal and os.environ.get("TERM") != "dumb" and _can_write(BLOCKS)
    return Display(width=width, color=_colored(request, terminal), quiet=request.quiet, blocks=blocks)


def _can_write(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _colored(request: Request, terminal: bool) -> bool:
    if request.color != "auto":
        return request.color == "always"
    if request.output is not None or not (terminal or {"FORCE_COLOR", "TTY_COMPATIBLE"} & set(os.environ)):
        return False
    # rich knows NO_COLOR, FORCE_COLOR, dumb terminals and CI.
    from rich.console import Console

    console = Console(file=sys.stdout)
    return console.color_system is not None and not console.no_color
