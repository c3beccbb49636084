"""From the child's events to one Report. What had been streamed before the child ended is always in it."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from . import ignores
from .cells import Cell, in_cells
from .results import (
    BackwardRow,
    Finding,
    GradientNorm,
    Json,
    NotChecked,
    Outcome,
    Parameter,
    Record,
    Report,
    ReportVerdict,
    Training,
)
from .supervise import Ending, Event

TAIL_LINES = 20
TAIL_WIDTH = 400
COMPLETE = ("finished", "cut", "exit")
JUDGED = ("right", "right_up_to_scale", "wrong")

_R = TypeVar("_R", bound=Record)

_SIGNAL_MEANINGS: dict[int, str] = {
    signal.SIGSEGV: "a crash inside compiled code",
    signal.SIGABRT: "compiled code gave up",
    signal.SIGFPE: "a division by zero inside compiled code",
    signal.SIGILL: "an instruction that this processor does not have",
    signal.SIGBUS: "a crash inside compiled code, or a full file system",
    signal.SIGKILL: "sent by another process or by the system",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """What one training event brought."""

    training: Training
    parameters: list[Parameter]
    findings: list[Finding]
    backward: list[BackwardRow]
    gradient_norms: list[GradientNorm]
    graph: Json | None
    not_checked: list[NotChecked]
    arrays: list[Json] = field(default_factory=list)
    batch: Json | None = None
    plan: Json | None = None

    @classmethod
    def from_event(cls, event: Event) -> Piece:
        def records(kind: type[_R], key: str) -> list[_R]:
            return [kind.from_json(row) for row in event.get(key) or []]

        return cls(
            training=Training.from_json(event["training"]),
            parameters=records(Parameter, "parameters"),
            findings=records(Finding, "findings"),
            backward=records(BackwardRow, "backward"),
            gradient_norms=records(GradientNorm, "gradient_norms"),
            graph=event.get("graph"),
            not_checked=records(NotChecked, "not_checked"),
            arrays=list(event.get("arrays") or []),
            batch=event.get("batch"),
            plan=event.get("plan"),
        )


@dataclass(slots=True)
class Gathered:
    """The events of one child so far. Not frozen: it grows while the child runs."""

    pieces: dict[int, Piece] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)
    versions: Json = field(default_factory=dict)
    outcome: Outcome | None = None
    seconds: Json = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    unreadable: int = 0
    computations: list[tuple[str, int]] = field(default_factory=list)  # loops to keep whole: file, line
    probed: dict[int, list[int]] = field(default_factory=dict)  # by probe, which of its texts have the wanted value

    @property
    def begun(self) -> bool:
        """Whether the child got as far as saying hello."""
        return bool(self.versions)

    def take(self, event: Event) -> None:
        """Adds one event. One that is not as agreed is counted and left out: the rest still holds."""
        try:
            self._take(in_cells(event))
        except (AttributeError, KeyError, TypeError, ValueError):
            self.unreadable += 1

    def _take(self, event: Event) -> None:
        match event["event"]:
            case "begin":
                self.versions = {"python_version": str(event["python"]), "numpy_version": str(event["numpy"])}
            case "training":
                piece = Piece.from_event(event)
                self.pieces[piece.training.id] = piece
            case "changed":
                if (what := str(event["what"])) not in self.changed:
                    self.changed.append(what)
            case "not_checked":
                self.not_checked.append(NotChecked.from_json(event))
            case "computations":
                self.computations = [(str(file), int(line)) for file, line in event["loops"]]
            case "probed":
                self.probed[int(event["probe"])] = [int(number) for number in event["fits"]]
            case "followed":
                self.files = list(dict.fromkeys([*self.files, *map(str, event["files"])]))
            case "end":
                self.outcome = Outcome.from_json(event["outcome"])
                self.seconds = dict(event.get("seconds") or {})


def assemble(
    gathered: Gathered,
    ending: Ending,
    script: Json,
    *,
    timeout: float,
    tool_version: str,
    cells: Sequence[Cell] = (),
    select: Collection[str] = (),
    ignore: Collection[str] = (),
) -> Report:
    """The Report of a child that has ended, however it ended.

    ``cells`` are those of the script where it is a notebook. ``select`` and ``ignore`` hold slugs of rules.
    """
    pieces = sorted(gathered.pieces.values(), key=lambda piece: piece.training.id)
    parameters = [row for piece in pieces for row in piece.parameters]
    outcome = gathered.outcome or outcome_of(ending, timeout)
    if ending.stopped == "interrupt" and outcome.kind == "time_limit":
        # The child knows one soft signal only, and takes ours for the time limit.
        outcome = replace(outcome, kind="interrupted", message=outcome_of(ending, timeout).message)
    if outcome.kind not in ("finished", "cut") and not outcome.output_tail:
        # The traceback that Python printed is told by the outcome already, without our frames.
        spoken = ending.output.rstrip().removesuffix(outcome.traceback.strip())
        outcome = replace(outcome, output_tail=tail(spoken))
    findings = ignores.settle(
        [row for piece in pieces for row in piece.findings],
        gathered.files,
        str(script.get("folder", "")),
        cells=cells,
        select=select,
        ignore=ignore,
        complete=outcome.kind in COMPLETE and any(row.verdict in JUDGED for row in parameters),
    )
    return Report(
        verdict=verdict_of(parameters, findings),
        script={**script, **gathered.versions},
        loss=next(
            (p.training.loss for p in pieces if p.training.loss.source != "none"),
            pieces[0].training.loss if pieces else None,
        ),
        trainings=[piece.training for piece in pieces],
        parameters=parameters,
        findings=findings,
        backward=[row for piece in pieces for row in piece.backward],
        graph=next((piece.graph for piece in pieces if piece.graph is not None), None),
        gradient_norms=[row for piece in pieces for row in piece.gradient_norms],
        not_checked=[
            *(row for piece in pieces for row in piece.not_checked),
            *gathered.not_checked,
            *_lost(gathered, ending),
        ],
        changed=gathered.changed,
        outcome=outcome,
        seconds={**gathered.seconds, "total": round(ending.seconds, 3)},
        tool_version=tool_version,
    )


def _lost(gathered: Gathered, ending: Ending) -> list[NotChecked]:
    count = gathered.unreadable + ending.unreadable
    if not count:
        return []
    return [NotChecked(f"{count} messages of the recorder", "something else wrote to the recorder's own channel")]


def verdict_of(parameters: Iterable[Parameter], findings: Iterable[Finding]) -> ReportVerdict:
    """The report's verdict: errors before all else, then whether everything, something or nothing was judged."""
    errors = [finding for finding in findings if finding.severity == "error"]
    verdicts = [parameter.verdict for parameter in parameters]
    # A wrong gradient is an error even if no rule spoke of it, unless the user asked not to hear of it.
    if any(not finding.suppressed for finding in errors) or ("wrong" in verdicts and not errors):
        return "errors"
    judged = sum(verdict in JUDGED for verdict in verdicts)
    if not judged:
        return "not_judged"
    return "clean" if judged == len(verdicts) else "partly_judged"


def outcome_of(ending: Ending, timeout: float) -> Outcome:
    """The outcome of a child that could not tell it itself."""
    if ending.stopped == "interrupt":
        return Outcome("interrupted", "the run was interrupted")
    if ending.stopped == "time limit":
        message = f"the script was still running after {timeout:g} s; what was complete by then is judged"
        return Outcome("time_limit", message)
    if ending.exit_code >= 0:
        return Outcome("os_exit", f"the script left by os._exit({ending.exit_code})")
    number = -ending.exit_code
    meaning = _SIGNAL_MEANINGS.get(number, "")
    message = f"the script's process was ended by {_signal_name(number)}" + (f", {meaning}" if meaning else "")
    if number == signal.SIGKILL and ending.peak_memory > _memory() / 2:
        held = f"{ending.peak_memory / 2**30:.1f} GB"
        return Outcome("memory", f"the system ended the script's process, which held {held} of memory")
    return Outcome("signal", message)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def tail(output: str) -> str:
    """The last lines of an output, each bounded; of a line that redraws itself, what was last seen."""
    lines = [line.rstrip("\r").rpartition("\r")[2].rstrip() for line in output.rstrip().split("\n")]
    cut = [line if len(line) <= TAIL_WIDTH else line[:TAIL_WIDTH] + " ..." for line in lines[-TAIL_LINES:]]
    return "\n".join(cut)
