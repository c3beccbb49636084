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

from . import __version__, repair, steps, sweep
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
    are told of each parameter's gradient and update in the judged steps once the script has ended; with ``steps=N`` of
    those N steps instead, while they run, and of the activations in them. Raises UsageError,
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
    runs = _Runs(target, interpreter, options, child)
    runs, gathered, ending = _judged(runs, watcher, stdin, hooks)
    if not gathered.begun and not ending.stopped:
        raise _never_began(interpreter, ending)
    script = _script(target, interpreter, options)
    if not gathered.pieces:
        script["entry_points"] = entry_points(_sources(target))
    gathered.not_checked += skipped_cells(target.cells)
    assembled = partial(
        assemble, script=script, timeout=options.timeout, tool_version=__version__,
        cells=target.cells, select=options.select, ignore=options.ignore,
    )  # fmt: skip
    report = assembled(gathered, ending)
    report = dataclasses.replace(report, sources=texts(report))
    checked = Checked(report, ending.interrupt, tuple(gathered.files))
    if options.repair and not checked.interrupt:
        checked = _repaired(checked, runs.hurried(ending.seconds), watcher, assembled)
    if options.steps is not None and not checked.interrupt:
        checked = _followed(checked, gathered, runs, watcher, hooks)
    if options.batch_sizes is not None and not checked.interrupt:
        checked = _swept(checked, gathered, runs, watcher, hooks)
    return checked


def _judged(runs: _Runs, watcher: Observer, stdin: int, hooks: Sequence[Handle]) -> tuple[_Runs, Gathered, Ending]:
    """The run that is judged, a second one where the first shows that a loop must be kept whole; how to run again."""

    def once(chosen: _Runs, watched: Observer, told: Sequence[Handle]) -> tuple[Gathered, Ending]:
        found = Gathered(files=[str(runs.target.path)])
        found.changed += [*filter(None, [runs.interpreter.passed_over]), *skipped_lines(runs.target.cells)]
        return found, chosen.once(found, watched, stdin=stdin, hooks=told)

    gathered, ending = once(runs, watcher, hooks)
    if gathered.computations and not ending.stopped and stdin == subprocess.DEVNULL:
        whole = dataclasses.replace(runs, whole=tuple(gathered.computations))
        other, ended = once(whole, Observer(tick=watcher.tick), ())  # hooks hear of a step once
        if ended.interrupt:
            ending = dataclasses.replace(ending, interrupt=ended.interrupt)
        elif not ended.stopped:  # else the loop is too long: what the first run found has to do
            return whole, other, ended
    return runs, gathered, ending


def _repaired(
    checked: Checked, runs: _Runs, watcher: Observer, assembled: Callable[[Gathered, Ending], Report]
) -> Checked:
    """The report with the repairs of its errors that were tried. An interrupt ends the search and drops it."""
    interrupts: list[int] = []

    def again(sources: Mapping[str, str], more: Json) -> tuple[Gathered, Ending] | None:
        if any(interrupts):
            return None
        found = Gathered()
        ended = runs.once(found, Observer(tick=watcher.tick), sources=dict(sources), more=more)
        interrupts.append(ended.interrupt)
        return found, ended

    def rerun(sources: Mapping[str, str], named: bool) -> Report | None:
        done = again(sources, {"brief": not named})
        return assembled(*done) if done else None

    def probe(sources: Mapping[str, str], goals: Sequence[str]) -> dict[int, list[int]]:
        done = again(sources, {"probes": list(goals), "silent": True})
        return done[0].probed if done else {}

    sources = repair.sources_of(checked.files, runs.target.cells, str(runs.target.path))
    with _workplace() as folder:
        if checked.report.findings:
            again({}, {"goals": str(folder)})
        report = repair.Bench(checked.report, sources, rerun, probe, folder).repaired()
    if any(interrupts):
        return dataclasses.replace(checked, interrupt=max(interrupts))
    return dataclasses.replace(checked, report=report, texts={f: s.text for f, s in sources.items()})


def _followed(checked: Checked, gathered: Gathered, runs: _Runs, watcher: Observer, hooks: Sequence[Handle]) -> Checked:
    """The report with many steps in it, or those that were complete when something ended them."""
    piece = steps.wanted(gathered)
    told, notes, seconds, interrupt = None, [steps.not_followed(gathered)], dict[str, float](), 0
    if piece is not None:
        trail = steps.Trail(piece, runs.options.steps or 0, hooks)
        found = Gathered()
        if trail.empty:
            told, notes = None, trail.notes()
        else:
            ending = runs.once(found, watcher, hooks=hooks, trail=trail)
            told, notes = trail.told(found, ending)
            notes += steps.left_out(gathered, piece)
            seconds, interrupt = {"steps": round(ending.seconds, 3)}, ending.interrupt
    report = checked.report
    report = dataclasses.replace(
        report,
        steps=told,
        not_checked=[*report.not_checked, *notes],
        seconds={**report.seconds, **seconds},
    )
    return dataclasses.replace(checked, report=report, interrupt=interrupt)


def _swept(checked: Checked, gathered: Gathered, runs: _Runs, watcher: Observer, hooks: Sequence[Handle]) -> Checked:
    """The report with the step at other batch sizes in it. An interrupt ends the sweep and drops what it found."""
    options = runs.options
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
            found = Gathered()
            ended = runs.once(
                found,
                Observer(tick=watcher.tick),
                hooks=hooks if key[1] else (),
                sources=dict(change.sources),
                arguments=change.arguments,
            )
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


@dataclasses.dataclass(frozen=True, slots=True)
class _Runs:
    """How the child is run: again and again, with what differs from run to run as arguments."""

    target: Target
    interpreter: Interpreter
    options: Options
    child: Path
    whole: tuple[tuple[str, int], ...] = ()  # loops that are not ended early

    def hurried(self, seconds: float) -> _Runs:
        """The same for edits, which may keep a script from ending; ``seconds`` are those of the first run."""
        usual = PATIENCE + SLOWER * seconds
        options = dataclasses.replace(self.options, timeout=min(usual, self.options.timeout or usual))
        return dataclasses.replace(self, options=options)

    def once(
        self,
        gathered: Gathered,
        observer: Observer,
        *,
        stdin: int = subprocess.DEVNULL,
        hooks: Sequence[Handle] = (),
        sources: dict[str, str] | None = None,
        arguments: tuple[str, ...] | None = None,
        more: Json | None = None,
        trail: steps.Trail | None = None,
    ) -> Ending:
        """Runs the child, and fills ``gathered``; with a ``trail`` it follows the steps that this wants."""

        def take(event: Event) -> None:
            gathered.take(event)
            if trail is not None:
                trail.take(event)
            if observer.event:
                observer.event(event)

        with interrupts_noted() as noted, _workplace() as folder:
            pipe = EventPipe()
            chosen = _config(self.target, self.options, folder, pipe.write_end)
            plain = sources is None and trail is None
            chosen |= {"sources": sources or {}, "whole": list(self.whole), **(more or {})}
            chosen["plan"] = plain and self.options.steps is not None
            if arguments is not None:
                chosen["arguments"] = list(arguments)
            if trail is not None:
                chosen["steps"] = {"plan": trail.plan, "count": trail.count}
            if hooks:
                chosen["arrays"] = str(folder / "arrays")
            config = _laid_out(folder, chosen)
            ending = run(
                [self.interpreter.path, str(self.child), str(config)],
                pipe,
                Listeners(take, observer.output, observer.tick),
                timeout=self.options.timeout,
                grace=GRACE,
                stdin=stdin,
                environment={**os.environ, "PYTHONHASHSEED": "0"},
                noted=noted,
                scratch=str(folder),
            )
            if steps.wanted(gathered) is None:  # else the hooks hear of these steps when they are followed
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


def _laid_out(folder: Path, chosen: Json) -> Path:
    """The child's configuration as a file, beside the folders that it names."""
    config = folder / "config.json"
    try:
        for name in ("overlay", "arrays"):
            if name in chosen:
                os.mkdir(chosen[name])
        config.write_text(json.dumps(chosen), encoding="ascii")
    except OSError as error:
        raise _no_room(f"the temporary folder {folder.parent} cannot be written to: {error.strerror}") from None
    return config


def _config(target: Target, options: Options, folder: Path, channel: int) -> Json:
    return {
        "script": str(target.path),
        "cells": [[cell_file(str(target.path), cell.number), cell.code, cell.text] for cell in target.cells],
        "arguments": list(options.arguments),
        "channel": channel,
        "overlay": str(folder / "overlay"),
        "seed": options.seed,
        "call": options.call,
        "loss": options.loss,
        "maximize": options.maximize,
        "follow": list(options.follow),
        "stand_ins": options.stand_ins,
        "weigh": options.batch_sizes is not None,
        "drawn": options.drawn,
        "options": {"timeout": options.timeout},
    }


@contextmanager
def _workplace() -> Iterator[Path]:
    try:
        folder = tempfile.mkdtemp(prefix="gradcheck-")
    except OSError as error:
        raise _no_room(f"no temporary folder can be made: {error.strerror}") from None
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _no_room(message: str) -> EnvironmentFailure:
    return EnvironmentFailure(message, "set TMPDIR to a folder that can be written to")


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
