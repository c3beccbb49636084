"""The one pipeline: a script and an interpreter in, a child run and listened to, a Report out."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import __version__
from .assemble import Gathered, assemble, tail
from .errors import EnvironmentFailure
from .options import Options
from .reading import texts
from .results import Json, Report
from .supervise import GRACE, Ending, Event, EventPipe, Listeners, interrupts_noted, run
from .target import Interpreter, Target, choose_interpreter, printable, resolve_target

CHILD = Path(__file__).parent / "record" / "child.py"


@dataclasses.dataclass(frozen=True, slots=True)
class Observer:
    """Who wants to know while a script runs: of each event, of its output, of time going by."""

    event: Callable[[Event], None] | None = None
    output: Callable[[bytes], None] | None = None
    tick: Callable[[], None] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Checked:
    """A report and how the child ended; ``interrupt`` is the signal that stopped us, 0 for none."""

    report: Report
    interrupt: int = 0


def check_script(path: str | os.PathLike[str], **options: Any) -> Report:
    """Runs the script (or the folder's entry script) at ``path`` in a child process and judges its gradients.

    Keywords are the fields of `gradcheck.options.Options`. Raises UsageError, InputError or EnvironmentFailure when no
    run can be started, and KeyboardInterrupt when it is interrupted.
    """
    chosen = Options.from_keywords(options)
    checked = check_target(resolve_target(os.fspath(path)), chosen)
    if checked.interrupt:
        raise KeyboardInterrupt
    return checked.report


def check_target(
    target: Target,
    options: Options,
    *,
    stdin: int = subprocess.DEVNULL,
    observer: Observer | None = None,
    child: Path = CHILD,
) -> Checked:
    """Like `check_script`, for a resolved target; an interrupted run still gives a report of what is known."""
    interpreter = choose_interpreter(target.path, options.python)
    gathered = Gathered()
    if interpreter.passed_over:
        gathered.changed.append(interpreter.passed_over)
    watcher = observer or Observer()
    ending = _run_child(target, interpreter, options, gathered, stdin=stdin, observer=watcher, child=child)
    if not gathered.begun and not ending.stopped:
        raise _never_began(interpreter, ending)
    script = _script(target, interpreter, options)
    report = assemble(gathered, ending, script, timeout=options.timeout, tool_version=__version__)
    return Checked(dataclasses.replace(report, sources=texts(report)), ending.interrupt)


def _run_child(
    target: Target,
    interpreter: Interpreter,
    options: Options,
    gathered: Gathered,
    *,
    stdin: int,
    observer: Observer,
    child: Path,
) -> Ending:
    def take(event: Event) -> None:
        gathered.take(event)
        if observer.event:
            observer.event(event)

    with interrupts_noted() as noted, _workplace() as folder:
        pipe = EventPipe()
        config = folder / "config.json"
        config.write_text(json.dumps(_config(target, options, folder, pipe.write_end)), encoding="ascii")
        return run(
            [interpreter.path, str(child), str(config)],
            pipe,
            Listeners(take, observer.output, observer.tick),
            timeout=options.timeout,
            grace=GRACE,
            stdin=stdin,
            environment={**os.environ, "PYTHONHASHSEED": "0"},
            noted=noted,
            scratch=str(folder),
        )


def _config(target: Target, options: Options, folder: Path, channel: int) -> Json:
    overlay = folder / "overlay"
    overlay.mkdir()
    return {
        "script": str(target.path),
        "arguments": list(options.arguments),
        "channel": channel,
        "overlay": str(overlay),
        "seed": options.seed,
        "call": options.call,
        "loss": options.loss,
        "maximize": options.maximize,
        "follow": list(options.follow),
        "stand_ins": options.stand_ins,
        "options": {"timeout": options.timeout},
    }


@contextmanager
def _workplace() -> Iterator[Path]:
    try:
        folder = tempfile.mkdtemp(prefix="gradcheck-")
    except OSError as error:
        advice = "set TMPDIR to a folder that can be written to"
        raise EnvironmentFailure(f"no temporary folder can be made: {error.strerror}", advice) from None
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _script(target: Target, interpreter: Interpreter, options: Options) -> Json:
    return {
        "path": target.shown,
        "folder": printable(str(target.path.parent)),
        "arguments": [printable(argument) for argument in options.arguments],
        "python": printable(interpreter.path),
        "python_source": interpreter.source,
    }


def _never_began(interpreter: Interpreter, ending: Ending) -> EnvironmentFailure:
    said = tail(ending.output)
    return EnvironmentFailure(
        f"the recorder did not start in {printable(interpreter.path)} (exit code {ending.exit_code})",
        f"its last words:\n{said}" if said else "it said nothing; try another interpreter with --python PATH",
    )
