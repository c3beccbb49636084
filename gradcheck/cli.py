"""The command line: from arguments to Options and Display, from reports to text and an exit code."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import rich_click as click
from rich_click.rich_help_configuration import RichHelpConfiguration

from . import __version__
from .errors import GradcheckError, UsageError
from .options import TIMEOUT, Color, Options, near_miss
from .publish import Request, publish, publish_page, refuse_overwrites, say
from .render import RENDERERS

if TYPE_CHECKING:
    from .check import Checked
    from .configuration import Key, Kind
    from .results import Report
    from .target import Target

FAILED = 2
# Options that a configuration does not hold: they ask for something else than a check, or for the file itself.
ON_THE_LINE_ONLY = ("config", "watch", "diff", "fix", "list_rules", "explain", "demo", "version")

EPILOG = "Exit: 0 clean, 1 error found (with --fix: left), 2 nothing could be judged, 3 partly judged."
GREETING = """\
Usage: gradcheck [OPTIONS] FILE... [-- ARGUMENTS]

Checks the hand-written gradients of a NumPy training script. Nothing is edited or sent.

  gradcheck model.py    check a script, or a folder with a train.py, main.py or model.py
  gradcheck --demo      see it find the mistake in a small network, each part explained
  gradcheck --help      every option
"""


@dataclass(frozen=True, slots=True)
class Line:
    """What was typed: whether anything at all, and the arguments of the script, after ``--``.

    ``alone`` tells that the process is there for this command only.
    """

    empty: bool
    arguments: tuple[str, ...]
    alone: bool


@dataclass(slots=True)
class Round:
    """What checking some files once gave. ``files`` are those that were read for it, modules among them."""

    reports: list[Report] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    texts: list[Mapping[str, str]] = field(default_factory=list)  # by report, the sources that repairs were tried on
    interrupt: int = 0

    def exit_code(self, request: Request) -> int:
        if self.interrupt:
            return 128 + self.interrupt
        return 0 if request.exit_zero and self.reports else worst(self.codes)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code: 128 plus the signal's number when interrupted."""
    words = list(sys.argv[1:] if argv is None else argv)
    split = words.index("--") if "--" in words else len(words)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        line = Line(not words, tuple(words[split + 1 :]), alone=argv is None)
        return command.main(words[:split], "gradcheck", standalone_mode=False, obj=line) or 0
    except GradcheckError as error:
        _complain(error)
        return error.exit_code
    except click.ClickException as error:
        _complain(UsageError(error.format_message(), "gradcheck --help lists what there is"))
        return FAILED
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        # The reader left (a pager, head). Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED


def _complain(error: GradcheckError) -> None:
    if sys.stderr is not None:
        print(f"gradcheck: {error.message}" + (f"\n  {error.advice}" if error.advice else ""), file=sys.stderr)


def _configure(context: click.Context, parameter: click.Parameter, named: str | None) -> None:
    """Makes the configuration the options' defaults. Runs once the files are known, before all other options."""
    from . import configuration

    files: tuple[str, ...] = context.params.get("files") or ()
    file = Path(named) if named else configuration.find(files[0]) if files else None
    if file is not None:
        context.default_map = configured(file)


def configured(file: Path) -> dict[str, Any]:
    """What the configuration in ``file`` gives the options, by their parameters' names. Raises UsageError."""
    from . import configuration

    return configuration.read(file, {option.opts[0].removeprefix("--"): _key(option) for option in _configurable()})


def _configurable() -> list[click.Option]:
    return [p for p in command.params if isinstance(p, click.Option) and p.name not in ("help", *ON_THE_LINE_ONLY)]


def _key(option: click.Option) -> Key:
    from .configuration import Key

    kinds = {"integer": "whole number", "float": "number"}
    kind = "flag" if option.is_flag else "list" if option.multiple else kinds.get(option.type.name, "text")
    return Key(str(option.name), cast("Kind", kind), path=option.name in ("python", "output"))


def _slugs(context: click.Context, parameter: click.Parameter, chosen: Sequence[str]) -> tuple[str, ...]:
    return tuple(slug for text in chosen for slug in text.replace(",", " ").split())


def _form(context: click.Context, parameter: click.Parameter, chosen: str) -> str:
    if chosen not in RENDERERS:
        raise UsageError(f"--format {chosen}: there is no such form", near_miss(chosen, RENDERERS, "a form"))
    return chosen


def _complete_slug(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    from .explain import pages

    return [slug for slug in pages() if slug.startswith(begun)]


def _complete_form(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    return [form for form in RENDERERS if form.startswith(begun)]


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
@click.argument("files", nargs=-1, type=click.Path(readable=False), metavar="FILE... [-- ARGUMENTS]", is_eager=True)
@click.option("--python", metavar="PATH", help="Interpreter that has the script's packages.")
@click.option("--call", metavar="CODE", help='Run this after the module: "train(X, y)".')
@click.option("--loss", metavar="NAME", help="The loss: a variable, a function or a line.")
@click.option("--maximize", is_flag=True, help="The training climbs on purpose.")
@click.option("--follow", metavar="PACKAGE", multiple=True, help="Record an installed package too.")
@click.option("--no-stand-ins", is_flag=True, help="Refuse to make up missing data sets.")
@click.option("--batch-sizes", metavar="LIST", help="Run the step at other sizes: 8,32,128 or auto.")
@click.option("--steps", type=int, metavar="N", help="Follow N steps: norms, updates, activations.")
@click.option("--seed", type=int, default=0, metavar="N", help="Seed where the script sets none (0).")
@click.option("--timeout", type=float, default=TIMEOUT, metavar="S", help="Time limit in seconds (120; 0: none).")
@click.option("--select", metavar="SLUGS", multiple=True, callback=_slugs, shell_complete=_complete_slug,
              help="Report these rules only: a,b.")  # fmt: skip
@click.option("--ignore", metavar="SLUGS", multiple=True, callback=_slugs, shell_complete=_complete_slug,
              help="Suppress these rules: a,b.")  # fmt: skip
@click.option("--format", "form", default="text", metavar="FORM", callback=_form,
              shell_complete=_complete_form, help=f"{', '.join(RENDERERS)}.")  # fmt: skip
@click.option("--output", metavar="PATH", help="Write the report there.")
@click.option("--html", metavar="PATH", help="Write a page there as well.")
@click.option("--from", "saved", metavar="JSON", help="Show a saved JSON report; nothing is run.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", metavar="WHEN",
              help="auto, always or never.")  # fmt: skip
@click.option("--show-output", is_flag=True, help="Show the script's own output, on stderr.")
@click.option("--quiet", "-q", is_flag=True, help="Findings only; nothing when clean.")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 whatever is found.")
@click.option("--config", metavar="PATH", is_eager=True, expose_value=False, callback=_configure,
              help="Take [tool.gradcheck] from this file.")  # fmt: skip
@click.option("--diff", is_flag=True, help="Print a patch of repairs that were tried.")
@click.option("--fix", is_flag=True, help="Apply them to the files. Nothing else edits any.")
@click.option("--watch", is_flag=True, help="Check again when a file changes.")
@click.option("--list-rules", is_flag=True, help="List the rules.")
@click.option("--explain", metavar="SLUG", shell_complete=_complete_slug, help="Show the page of a rule.")
@click.option("--demo", is_flag=True, help="A run on a broken script, explained.")
@click.version_option(__version__, message="gradcheck %(version)s", help="Show the version.")
@click.pass_obj
def command(
    line: Line,
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
    diff: bool,
    fix: bool,
    watch: bool,
    list_rules: bool,
    explain: str | None,
    demo: bool,
    **chosen: Any,
) -> int:
    """Check the hand-written gradients of NumPy scripts. Nothing is edited or sent."""
    if line.empty:
        say(GREETING)
        return FAILED
    if list_rules or explain is not None:
        from .explain import manual

        say(manual(explain))
        return 0
    request = Request(form, output, html, cast(Color, color), quiet, strict, exit_zero, show_output, line.alone)
    drawn = html is not None or form == "html"
    options = Options.from_keywords(
        {**chosen, "stand_ins": not no_stand_ins, "arguments": line.arguments, "drawn": drawn}
    )
    if demo:
        return _demonstrate(options, request)
    if saved is not None:
        if files:
            raise UsageError("--from shows a saved report, and a file to check was named too")
        return show_saved(saved, request)
    if not files:
        raise UsageError("no file was named", "gradcheck FILE checks a script")
    if line.arguments and len(files) > 1:
        raise UsageError("arguments after -- are for a single script, and several were named")
    refuse_overwrites(request, files)
    if diff or fix:
        return _repair(files, replace(options, repair=True), request, fix=fix, alone=not (diff and fix or watch))
    if watch:
        return _watch(files, options, request)
    found = check_files(files, options, request)
    if found.reports:
        publish(found.reports, request)
    return found.exit_code(request)


def _repair(files: Sequence[str], options: Options, request: Request, *, fix: bool, alone: bool) -> int:
    """Shows the repairs as a patch, or writes them; then the exit code is that of what is left."""
    from . import patch

    if not alone:
        raise UsageError("--diff, --fix and --watch are for one at a time")
    if request.form != "text" or request.output:
        raise UsageError("--diff and --fix have their own output", "--html PATH writes a page beside it")
    found = check_files(files, options, request)
    publish_page(found.reports, request)
    if found.interrupt:
        return found.exit_code(request)
    checks = list(zip(found.reports, found.texts, strict=True))
    if not fix:
        patch.show(checks, say)
        return found.exit_code(request)
    patch.write(checks, say)
    failed = [FAILED] * (len(found.codes) > len(found.reports))  # what could not be checked among several
    left = [patch.after_repairs(report).exit_code(strict=request.strict) for report in found.reports]
    return 0 if request.exit_zero and found.reports else worst([*failed, *left])


def check_files(files: Sequence[str], options: Options, request: Request) -> Round:
    """Checks the files one after the other, up to an interrupt. What cannot be checked among several is told."""
    found = Round()
    stdin = _stdin() if len(files) == 1 else subprocess.DEVNULL
    for file in files:
        try:
            checked = _check(file, options, request, stdin)
        except GradcheckError as error:
            if len(files) == 1:
                raise
            _complain(error)
            found.codes.append(error.exit_code)
            continue
        found.reports.append(checked.report)
        found.codes.append(checked.report.exit_code(strict=request.strict))
        found.files += checked.files
        found.texts.append(checked.texts)
        found.interrupt = checked.interrupt
        if found.interrupt:
            break
    return found


def show_saved(saved: str, request: Request) -> int:
    """Writes the reports of a saved JSON file in other forms, and returns the exit code that their run had."""
    from .saved import read_reports

    refuse_overwrites(request, [saved], "saved report")
    reports = read_reports(saved)
    publish(reports, request)
    return 0 if request.exit_zero else worst(report.exit_code(strict=request.strict) for report in reports)


def worst(codes: Iterable[int]) -> int:
    """The exit code for several files: an error found, then nothing judged, then partly judged."""
    found = set(codes)
    return next((code for code in (1, 2, 3) if code in found), 0)


def _check(file: str, options: Options, request: Request, stdin: int) -> Checked:
    from .target import resolve_target

    return _check_target(resolve_target(file), options, request, stdin)


def _check_target(target: Target, options: Options, request: Request, stdin: int) -> Checked:
    from .guard import orphans_ended

    with orphans_ended() if request.alone else nullcontext():
        return _observed(target, options, request, stdin)


def _observed(target: Target, options: Options, request: Request, stdin: int) -> Checked:
    from .check import Observer, check_target
    from .render.progress import Progress

    output = _pass_on if request.show_output else None
    if request.quiet or request.show_output or sys.stderr is None or not sys.stderr.isatty():
        return check_target(target, options, stdin=stdin, observer=Observer(output=output))
    progress = Progress(sys.stderr, target.shown)
    try:
        observer = Observer(event=progress.event, tick=progress.tick)
        return check_target(target, options, stdin=stdin, observer=observer)
    finally:
        progress.clear()


def _demonstrate(options: Options, request: Request) -> int:
    from .demo import AFTER, BEFORE, target

    with target() as broken:
        checked = _check_target(broken, options, request, subprocess.DEVNULL)
        say(BEFORE)
        publish([checked.report], request)
        say(AFTER)
    return 0 if checked.report.verdict == "errors" else FAILED


def _watch(files: Sequence[str], options: Options, request: Request) -> int:
    """Checks again and again, until interrupted; the exit code is that of the last check."""
    from .watch import Watcher

    watcher = Watcher()
    while True:
        watcher.begin(files)
        try:
            found = check_files(files, options, request)
        except GradcheckError as error:
            found = Round(codes=[error.exit_code])
            _complain(error)
        if found.reports:
            _clear_screen(request)
            watcher.tell(found.reports, sys.stdout if request.form == "text" and not request.output else sys.stderr)
            publish(found.reports, request)
        if found.interrupt:
            return found.exit_code(request)
        try:
            watcher.wait(found.files)
        except KeyboardInterrupt:
            return found.exit_code(request)


def _clear_screen(request: Request) -> None:
    if request.output is None and sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        sys.stdout.write("\x1b[2J\x1b[H")


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
