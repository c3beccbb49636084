"""The command line: from arguments to Options and Display, from reports to text and an exit code."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import rich_click as click
from rich_click.rich_help_configuration import RichHelpConfiguration

from . import __version__
from .errors import GradcheckError, RenderError, UsageError
from .options import TIMEOUT, Color, Display, Options, near_miss
from .render import RENDERERS, render, save

if TYPE_CHECKING:
    from .results import Report

WIDTH = 100
NARROWEST, WIDEST = 60, 120
FAILED = 2

EPILOG = "Exit: 0 clean, 1 error found, 2 nothing could be judged, 3 partly judged."


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


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code: 128 plus the signal's number when interrupted."""
    words = list(sys.argv[1:] if argv is None else argv)
    code = FAILED if not words else 0
    split = words.index("--") if "--" in words else len(words)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        arguments = tuple(words[split + 1 :])
        return command.main(words[:split] or ["--help"], "gradcheck", standalone_mode=False, obj=arguments) or code
    except GradcheckError as error:
        _complain(error.message, error.advice)
        return error.exit_code
    except click.ClickException as error:
        _complain(error.format_message(), "gradcheck --help lists what there is")
        return FAILED
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        # The reader left (a pager, head). Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED


def _complain(message: str, advice: str = "") -> None:
    if sys.stderr is not None:
        print(f"gradcheck: {message}" + (f"\n  {advice}" if advice else ""), file=sys.stderr)


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog=EPILOG,
)
@click.rich_config(
    help_config=RichHelpConfiguration(
        max_width=80,
        options_panel_title="",
        style_options_panel_box="BLANK",
        padding_usage=(0, 1),
        padding_helptext=(0, 1),
        padding_epilog=(0, 1),
    )
)
@click.argument("files", nargs=-1, metavar="FILE... [-- ARGUMENTS]")
@click.option("--python", metavar="PATH", help="Interpreter that has the script's packages.")
@click.option("--call", metavar="CODE", help='Run this after the module: "train(X, y)".')
@click.option("--loss", metavar="NAME", help="The loss, where it cannot be inferred.")
@click.option("--maximize", is_flag=True, help="The training climbs on purpose.")
@click.option("--follow", metavar="PACKAGE", multiple=True, help="Record an installed package too.")
@click.option("--no-stand-ins", is_flag=True, help="Refuse to make up missing data sets.")
@click.option("--seed", type=int, default=0, metavar="N", help="Seed where the script sets none (0).")
@click.option("--timeout", type=float, default=TIMEOUT, metavar="S", help="Time limit in seconds (60; 0: none).")
@click.option("--format", "form", default="text", metavar="FORM", help=f"{', '.join(RENDERERS)}.")
@click.option("--output", metavar="PATH", help="Write the report there.")
@click.option("--html", metavar="PATH", help="Write a page there as well.")
@click.option("--from", "saved", metavar="JSON", help="Show a saved JSON report; nothing is run.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", metavar="WHEN",
              help="auto, always or never.")  # fmt: skip
@click.option("--show-output", is_flag=True, help="Show the script's own output, on stderr.")
@click.option("--quiet", "-q", is_flag=True, help="Findings only; nothing when clean.")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 whatever is found.")
@click.version_option(__version__, message="gradcheck %(version)s", help="Show the version.")
@click.pass_obj
def command(
    arguments: tuple[str, ...],
    /,
    files: tuple[str, ...],
    form: str,
    output: str | None,
    html: str | None,
    saved: str | None,
    color: str,
    show_output: bool,
    quiet: bool,
    strict: bool,
    exit_zero: bool,
    no_stand_ins: bool,
    **chosen: Any,
) -> int:
    """Check the hand-written gradients of NumPy scripts. Nothing is edited or sent."""
    if form not in RENDERERS:
        raise UsageError(f"--format {form}: there is no such form", near_miss(form, RENDERERS, "a form"))
    request = Request(form, output, html, cast(Color, color), quiet, strict, exit_zero, show_output)
    if saved is not None:
        if files:
            raise UsageError("--from shows a saved report, and a file to check was named too")
        return show_saved(saved, request)
    if not files:
        raise UsageError("no file was named", "gradcheck FILE checks a script")
    if arguments and len(files) > 1:
        raise UsageError("arguments after -- are for a single script, and several were named")
    options = Options.from_keywords({**chosen, "stand_ins": not no_stand_ins, "arguments": arguments})
    return check_files(files, options, request)


def check_files(files: Sequence[str], options: Options, request: Request) -> int:
    """Checks the files one after the other, writes one report on all, and returns the exit code."""
    _refuse_overwrites(request, files)
    reports: list[Report] = []
    codes: list[int] = []
    stdin = _stdin() if len(files) == 1 else subprocess.DEVNULL
    interrupt = 0
    for file in files:
        try:
            report, interrupt = _check(file, options, request, stdin)
        except GradcheckError as error:
            if len(files) == 1:
                raise
            _complain(error.message, error.advice)
            codes.append(error.exit_code)
            continue
        reports.append(report)
        codes.append(report.exit_code(strict=request.strict))
        if interrupt:
            break
    if reports:
        _publish(reports, request)
    if interrupt:
        return 128 + interrupt
    return 0 if request.exit_zero and reports else worst(codes)


def show_saved(saved: str, request: Request) -> int:
    """Writes the reports of a saved JSON file in other forms, and returns the exit code that their run had."""
    from .saved import read_reports

    _refuse_overwrites(request, [saved], "saved report")
    reports = read_reports(saved)
    _publish(reports, request)
    return 0 if request.exit_zero else worst(report.exit_code(strict=request.strict) for report in reports)


def worst(codes: Iterable[int]) -> int:
    """The exit code for several files: an error found, then nothing judged, then partly judged."""
    found = set(codes)
    return next((code for code in (1, 2, 3) if code in found), 0)


def _check(file: str, options: Options, request: Request, stdin: int) -> tuple[Report, int]:
    from .check import Observer, check_target
    from .render.progress import Progress
    from .target import resolve_target

    target = resolve_target(file)
    output = _pass_on if request.show_output else None
    if request.quiet or request.show_output or sys.stderr is None or not sys.stderr.isatty():
        checked = check_target(target, options, stdin=stdin, observer=Observer(output=output))
        return checked.report, checked.interrupt
    progress = Progress(sys.stderr, target.shown)
    try:
        observer = Observer(event=progress.event, tick=progress.tick)
        checked = check_target(target, options, stdin=stdin, observer=observer)
    finally:
        progress.clear()
    return checked.report, checked.interrupt


def _pass_on(data: bytes) -> None:
    if sys.stderr is not None:
        sys.stderr.buffer.write(data)
        sys.stderr.buffer.flush()


def _stdin() -> int:
    """Our own stdin when somebody pipes data into it, else nothing: a script must never wait for a terminal."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return subprocess.DEVNULL
    return 0 if stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode) else subprocess.DEVNULL


def _refuse_overwrites(request: Request, files: Sequence[str], noun: str = "script") -> None:
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


def _publish(reports: list[Report], request: Request) -> None:
    if request.html:
        save(request.html, render(reports, "html"))
    text = render(reports, request.form, _display(request))
    if request.output:
        save(request.output, text)
        return
    if sys.stdout is None:
        raise RenderError("the report cannot be written: standard output is closed")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RenderError(f"the report cannot be written: {error.strerror}") from None


def _display(request: Request) -> Display:
    terminal = request.output is None and sys.stdout is not None and sys.stdout.isatty()
    width = min(max(shutil.get_terminal_size((WIDTH, 24)).columns, NARROWEST), WIDEST) if terminal else WIDTH
    return Display(width=width, color=_colored(request, terminal), quiet=request.quiet)


def _colored(request: Request, terminal: bool) -> bool:
    if request.color != "auto":
        return request.color == "always"
    if request.output is not None or not (terminal or {"FORCE_COLOR", "TTY_COMPATIBLE"} & set(os.environ)):
        return False
    # rich knows NO_COLOR, FORCE_COLOR, dumb terminals and CI.
    from rich.console import Console

    console = Console(file=sys.stdout)
    return console.color_system is not None and not console.no_color
