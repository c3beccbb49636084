"""The one pipeline: a script and an interpreter in, a child run and listened to, a Report out."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import tempfile
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from . import __version__, repair, sweep
from .assemble import Gathered, Piece, assemble, tail
from .cells import cell_file, skipped_cells, skipped_lines
from .definitions import entry_points
from .errors import EnvironmentFailure
from .explain import page_of
from .hooks import Callback, Handle, Hook, active
from .options import Options
from .reading import texts
from .results import Json, NotChecked, Report
from .supervise import GRACE, Ending, Event, EventPipe, Listeners, interrupts_noted, run
from .target import Interpreter, Target, choose_interpreter, printable, resolve_target

PATIENCE = 10.0  # seconds for a run with an edit, besides
SLOWER = 3.0  # times those of the first run
CHILD = Path(__file__).parent / "record" / "child.py"


@dataclasses.dataclass(frozen=True, slots=True)
class Observer:
    """Who wants to know while a script runs: of each event, of its output, of time going by."""

    event: Callable[[Event], None] | None = None
    output: Callable[[bytes], None] | None = None
    tick: Callable[[], None] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Checked:
    """A report and how the child ended.

    ``interrupt`` is the signal that stopped us, 0 for none; ``files`` are the user's files that were followed, and
    ``texts`` those that repairs were tried on, by file (or cell).
    """

    report: Report
    interrupt: int = 0
    files: tuple[str, ...] = ()
    texts: Mapping[str, str] = dataclasses.field(default_factory=dict)


def check_script(path: str | os.PathLike[str], *, hooks: Sequence[Hook | Callback] = (), **options: Any) -> Report:
    """Runs the script (or the folder's entry script) at ``path`` in a child process and judges its gradients.

    Keywords are the fields of `gradcheck.options.Options`. ``hooks``, and those that are active (`hooks.on_gradient`),
    are told of each parameter's gradient and update in the judged steps once the script has ended. Raises UsageError,
    InputError or EnvironmentFailure when no run can be started, TypeError for a hook that is none, and
    KeyboardInterrupt when it is interrupted.
    """
    chosen = Options.from_keywords(options)
    checked = check_target(resolve_target(os.fspath(path)), chosen, hooks=active(hooks))
    if checked.interrupt:
        raise KeyboardInterrupt
    return checked.report


def check_target(
    target: Target,
    options: Options,
    *,
    stdin: int = subprocess.DEVNULL,
    observer: Observer | None = None,
    hooks: Sequence[Handle] = (),
    child: Path = CHILD,
) -> Checked:
    """Like `check_script`, for a resolved target; an interrupted run still gives a report of what is known."""
    for slug in (*options.select, *options.ignore):
        page_of(slug)
    interpreter = choose_interpreter(target.path, options.python)
    watcher = observer or Observer()

    def once(watched: Observer, whole: list[tuple[str, int]], told: Sequence[Handle]) -> tuple[Gathered, Ending]:
        found = Gathered(files=[str(target.path)])
        found.changed += [*filter(None, [interpreter.passed_over]), *skipped_lines(target.cells)]
        ended = _run_child(
            target, interpreter, options, found, stdin=stdin, observer=watched, hooks=told, child=child, whole=whole
        )
        return found, ended

    gathered, ending = once(watcher, [], hooks)
    whole: list[tuple[str, int]] = []
    if gathered.computations and not ending.stopped and stdin == subprocess.DEVNULL:
        other, ended = once(Observer(tick=watcher.tick), gathered.computations, ())  # hooks hear of a step once
        if ended.interrupt:
            ending = dataclasses.replace(ending, interrupt=ended.interrupt)
        elif not ended.stopped:  # else the loop is too long: what the first run found has to do
            whole, gathered, ending = gathered.computations, other, ended
    if not gathered.begun and not ending.stopped:
        raise _never_began(interpreter, ending)
    script = _script(target, interpreter, options)
    if not gathered.pieces:
        script["entry_points"] = entry_points(_sources(target))
    gathered.not_checked += skipped_cells(target.cells)

    assembled = partial(
        assemble, script=script, tool_version=__version__,
        timeout=options.timeout, select=options.select, ignore=options.ignore,
    )  # fmt: skip
    report = assembled(gathered, ending)
    report = dataclasses.replace(report, sources=texts(report))
    checked = Checked(report, ending.interrupt, tuple(gathered.files))

    def again(
        sources: Mapping[str, str], chosen: Options, told: Sequence[Handle], more: Json | None = None
    ) -> tuple[Gathered, Ending]:
        return (found := Gathered()), _run_child(
            target, interpreter, chosen, found, stdin=subprocess.DEVNULL, observer=Observer(tick=watcher.tick),
            hooks=told, child=child, sources=dict(sources), whole=whole, more=more,
        )  # fmt: skip

    if options.repair and not checked.interrupt:
        rerun = partial(again, chosen=_hurried(options, ending.seconds), told=())
        checked = _repaired(checked, target, rerun, assembled)
    if options.batch_sizes is None or checked.interrupt:
        return checked
    return _swept(checked, gathered, options, again, hooks)


def _hurried(options: Options, seconds: float) -> Options:
    """The options for runs with edits, which may keep a script from ending."""
    usual = PATIENCE + SLOWER * seconds
    return dataclasses.replace(options, timeout=min(usual, options.timeout or usual))


def _repaired(
    checked: Checked,
    target: Target,
    again: Callable[..., tuple[Gathered, Ending]],
    assembled: Callable[[Gathered, Ending], Report],
) -> Checked:
    """The report with the repairs of its errors that were tried. An interrupt ends the search and drops it."""
    interrupts: list[int] = []

    def run(sources: Mapping[str, str], more: Json) -> tuple[Gathered, Ending] | None:
        if any(interrupts):
            return None
        found, ended = again(sources, more=more)
        interrupts.append(ended.interrupt)
        return found, ended

    def rerun(sources: Mapping[str, str], named: bool) -> Report | None:
        done = run(sources, {"brief": not named})
        return assembled(*done) if done else None

    def probe(sources: Mapping[str, str], goals: Sequence[str]) -> dict[int, list[int]]:
        done = run(sources, {"probes": list(goals), "silent": True})
        return done[0].probed if done else {}

    sources = repair.sources_of(checked.files, target.cells, str(target.path))
    with _workplace() as folder:
        if checked.report.findings:
            run({}, {"goals": str(folder)})
        report = repair.Bench(checked.report, sources, rerun, probe, folder).repaired()
    if any(interrupts):
        return dataclasses.replace(checked, interrupt=max(interrupts))
    return dataclasses.replace(checked, report=report, texts={f: s.text for f, s in sources.items()})


def _swept(
    checked: Checked,
    gathered: Gathered,
    options: Options,
    again: Callable[[Mapping[str, str], Options, Sequence[Handle]], tuple[Gathered, Ending]],
    hooks: Sequence[Handle],
) -> Checked:
    """The report with the step at other batch sizes in it. An interrupt ends the sweep and drops what it found."""
    assert options.batch_sizes is not None
    report = checked.report
    base = next((piece for _, piece in sorted(gathered.pieces.items()) if piece.training.batch_size), None)
    if base is None:
        note = NotChecked(sweep.WHAT, "how many rows the step sums over could not be determined")
        said = dataclasses.replace(report, not_checked=[*report.not_checked, note])
        return dataclasses.replace(checked, report=said)
    interrupts: list[int] = []
    known: dict[tuple[sweep.Change, bool], Piece | None] = {}

    def rerun(change: sweep.Change, tell: bool) -> Piece | None:
        if any(interrupts):
            return None
        key = (change, tell and bool(hooks))
        if key not in known:
            chosen = dataclasses.replace(options, arguments=change.arguments)
            found, ended = again(dict(change.sources), chosen, hooks if tell else ())
            interrupts.append(ended.interrupt)
            known[key] = found.pieces.get(base.training.id)
        return known[key]

    table, pieces, notes = sweep.run(base, gathered.files, options.arguments, options.batch_sizes, rerun)
    if any(interrupts):
        return dataclasses.replace(checked, interrupt=max(interrupts))
    swept = dataclasses.replace(
        report,
        batch_sizes=table,
        gradient_norms=[*report.gradient_norms, *(row for piece in pieces for row in piece.gradient_norms)],
        not_checked=[*report.not_checked, *notes],
    )
    return dataclasses.replace(checked, report=swept)


def _run_child(
    target: Target,
    interpreter: Interpreter,
    options: Options,
    gathered: Gathered,
    *,
    stdin: int,
    observer: Observer,
    hooks: Sequence[Handle],
    child: Path,
    sources: dict[str, str] | None = None,
    whole: list[tuple[str, int]] | None = None,
    more: Json | None = None,
) -> Ending:
    def take(event: Event) -> None:
        gathered.take(event)
        if observer.event:
            observer.event(event)

    with interrupts_noted() as noted, _workplace() as folder:
        pipe = EventPipe()
        config = folder / "config.json"
        chosen = _config(target, options, folder, pipe.write_end)
        chosen["sources"] = sources or {}
        chosen["whole"] = whole or []
        chosen |= more or {}
        if hooks:
            (folder / "arrays").mkdir()
            chosen["arrays"] = str(folder / "arrays")
        config.write_text(json.dumps(chosen), encoding="ascii")
        ending = run(
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
        _tell(hooks, gathered)
        return ending


def _tell(hooks: Sequence[Handle], gathered: Gathered) -> None:
    """Calls the hooks with the arrays that the child left, in the order of trainings, parameters and steps."""
    if not hooks:
        return
    from numpy.lib.format import read_array

    for piece in gathered.pieces.values():
        for row in piece.arrays:
            with open(row["file"], "rb") as stream:
                gradient, update, value = (read_array(stream, allow_pickle=False) for _ in range(3))
            for handle in hooks:
                handle.call("gradient", row["parameter"], gradient, row["batch_size"], row["step"])
                handle.call("update", row["parameter"], update, value, row["step"])


def _config(target: Target, options: Options, folder: Path, channel: int) -> Json:
    overlay = folder / "overlay"
    overlay.mkdir()
    return {
        "script": str(target.path),
        "cells": [[cell_file(str(target.path), cell.number), cell.code, cell.text] for cell in target.cells],
        "arguments": list(options.arguments),
        "channel": channel,
        "overlay": str(overlay),
        "seed": options.seed,
        "call": options.call,
        "loss": options.loss,
        "maximize": options.maximize,
        "follow": list(options.follow),
        "stand_ins": options.stand_ins,
        "weigh": options.batch_sizes is not None,
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
    cells = {str(cell.number): cell.text for cell in target.cells}
    return {
        **({"cells": cells} if cells else {}),
        "path": target.shown,
        "folder": printable(str(target.path.parent)),
        "arguments": [printable(argument) for argument in options.arguments],
        "python": printable(interpreter.path),
        "python_source": interpreter.source,
    }


def _sources(target: Target) -> list[str]:
    if target.cells:
        return [cell.code for cell in target.cells]
    try:
        with tokenize.open(target.path) as stream:
            return [stream.read()]
    except (OSError, SyntaxError, ValueError):
        return []


def _never_began(interpreter: Interpreter, ending: Ending) -> EnvironmentFailure:
    said = tail(ending.output)
    return EnvironmentFailure(
        f"the recorder did not start in {printable(interpreter.path)} (exit code {ending.exit_code})",
        f"its last words:\n{said}" if said else "it said nothing; try another interpreter with --python PATH",
    )
