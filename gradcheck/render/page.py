"""What a page shows of a report, as data in the order of the page. The template places it and adds no figure."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..reading import inside
from ..results import BackwardRow, Finding, Json, Parameter, Report
from . import terminal, view
from .closeups import closeups
from .listing import Listing, Segment, file_key, listings, snippet
from .manual import split
from .network import Drawing, draw
from .plots import Plot, plots
from .view import ParameterRow, clean, plural

VERDICTS = {"clean": "right", "errors": "wrong", "partly_judged": "partly judged", "not_judged": "not judged"}
VERDICT_TONES = {"clean": "good", "errors": "bad", "partly_judged": "doubt", "not_judged": "doubt"}
ROW_TONES = {"right": "good", "wrong": "bad", "first wrong": "bad"}


@dataclass(frozen=True, slots=True)
class Card:
    """A finding. ``diff`` holds (sign, text) lines, ``tried`` rows of (what, before, after)."""

    id: str
    number: int
    finding: Finding
    place: str
    line_id: str
    affects: str
    window: list[list[Segment]]
    wrote: str
    right: str
    diff: list[tuple[str, str]]
    advice: str
    tried: list[tuple[str, str, str]]
    tried_words: str
    alike: list[Segment]
    manual: list[list[Segment]]
    copy: str


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter's row: its words, and the numbers its columns are sorted by."""

    id: str
    words: ParameterRow
    parameter: Parameter
    norm: str
    line_id: str


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the backward pass, as words."""

    row: BackwardRow
    place: str
    line_id: str
    shape: str
    scale: str
    residual: str
    cosine: str
    tone: str


@dataclass(frozen=True, slots=True)
class ReportView:
    """One report, section by section. ``prefix`` keeps the ids of several reports apart."""

    report: Report
    prefix: str
    name: str
    verdict: str
    tone: str
    sentence: str
    facts: list[str]
    cards: list[Card]
    notes: list[Card]
    rows: list[Row]
    steps: list[Step]
    backward_sentence: str
    listings: list[Listing]
    checked: list[str]
    open_questions: list[tuple[str, str]]
    outcome: str
    command: str
    circumstances: list[tuple[str, str]]
    network: Drawing | None
    plots: list[Plot]


def title(reports: Sequence[Report]) -> str:
    """The page's title."""
    if len(reports) == 1:
        return f"{_name(reports[0])}: {VERDICTS[reports[0].verdict]}"
    return f"{len(reports)} scripts checked"


def view_of(report: Report, number: int, *, alone: bool, drawn: bool = True, plotted: bool = True) -> ReportView:
    """The view of one report; ``drawn`` with source listings and drawings, ``plotted`` with plots among them."""
    prefix = "" if alone else f"r{number}-"
    active = [finding for finding in report.findings if not finding.suppressed]
    anchored = list(zip(_anchors(active, prefix), active, strict=True))
    shown = listings(report, anchored, prefix) if drawn else []
    ids = {(listing.file, line.number): line.id for listing in shown for line in listing.lines if line.id}
    cards = [_card(report, finding, number, anchor, ids) for number, (anchor, finding) in enumerate(anchored, 1)]
    return ReportView(
        report=report,
        prefix=prefix,
        name=_name(report),
        verdict=VERDICTS[report.verdict],
        tone=VERDICT_TONES[report.verdict],
        sentence=sentence(report, active),
        facts=_facts(report, active),
        cards=[card for card in cards if card.finding.severity != "note"],
        notes=[card for card in cards if card.finding.severity == "note"],
        rows=_rows(report, prefix, ids),
        steps=[_step(report, row, ids) for row in report.backward],
        backward_sentence=_backward_sentence(report.backward),
        listings=shown,
        checked=_checked(report),
        open_questions=_open_questions(report),
        outcome=view.outcome_words(report) if report.parameters else "",  # the sentence holds it already
        command=_command(report),
        circumstances=_circumstances(report),
        network=draw(report.graph) if drawn and report.graph else None,
        plots=plots(report, prefix) + closeups(report, prefix) if drawn and plotted else [],
    )


def _name(report: Report) -> str:
    return clean(str(report.script.get("path", "script")))


def sentence(report: Report, active: Sequence[Finding]) -> str:
    """The verdict in one sentence."""
    errors = [finding for finding in active if finding.severity == "error"]
    if not report.parameters:
        words = view.outcome_words(report)
        return "Nothing could be judged: " + (words or "no training step was found") + "."
    judged = view.judged_words(report.parameters)
    if report.verdict == "errors" and errors:
        more = f", and {plural(len(errors) - 1, 'more error')}" if len(errors) > 1 else ""
        return _capital(f"{judged}: {_one_line(errors[0].message)} (line {errors[0].line}){more}.")
    if report.verdict == "clean":
        tail = "" if not active else ", but something else is worth a look"
        return _capital(f"{judged}{tail}.")
    return _capital(f"{judged}.")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _one_line(text: str) -> str:
    return clean(" ".join(text.split()))


def _facts(report: Report, active: Sequence[Finding]) -> list[str]:
    counts = [(sum(f.severity == severity for f in active), severity) for severity in ("error", "warning", "note")]
    facts = [", ".join(plural(count, noun) for count, noun in counts)]
    for training in report.trainings:
        facts.append(view.loss_words(training.loss))
        batch = f" of {plural(training.batch_size, 'row')}" if training.batch_size else ""
        facts.append(f"{plural(training.steps, 'training step')}{batch} recorded")
    if "total" in report.seconds:
        facts.append(f"{report.seconds['total']:.1f} s")
    return facts


def _anchors(active: Sequence[Finding], prefix: str) -> list[str]:
    """An id for each finding: its rule's slug, numbered from the second on."""
    seen: dict[str, int] = {}
    out = []
    for finding in active:
        seen[finding.rule] = seen.get(finding.rule, 0) + 1
        slug = "".join(c if c.isascii() and c.isalnum() else "-" for c in finding.rule) or "finding"
        out.append(prefix + slug + (f"-{seen[finding.rule]}" if seen[finding.rule] > 1 else ""))
    return out


def _card(report: Report, finding: Finding, number: int, anchor: str, ids: dict[Any, str]) -> Card:
    fix = finding.fix
    diff = list(terminal.edit_lines(report, finding, fix)) if fix else []
    marked = _marked(report, finding) if fix and fix.replacement else ""
    if not any(character.isalnum() for character in marked):  # an operator alone: the diff says it all
        marked = ""
    alike, manual = split(finding.rule)
    copied = terminal.paint(list(terminal.finding_rows(report, finding, 100)), color=False)
    return Card(
        id=anchor,
        number=number,
        finding=finding,
        place=_place(report, finding.file, finding.line, finding.cell),
        line_id=ids.get((file_key(report, finding.file), finding.line), ""),
        affects=view.affected(report, finding),
        window=snippet(list(terminal.source_rows(report, finding, 110))),
        wrote=marked,
        right=fix.replacement or "" if fix and marked else "",
        diff=[(line[:1], line[2:]) for line in diff],
        advice=fix.description if fix else "",
        tried=_tried(fix.tried) if fix and fix.tried else [],
        tried_words=view.tried_words(fix.tried) if fix and fix.tried and not _tried(fix.tried) else "",
        alike=alike,
        manual=manual,
        copy=copied,
    )


def _place(report: Report, file: str, line: int | None, cell: int | None = None) -> str:
    inner = f" cell {cell}" if cell is not None else ""
    return f"{view.shown_path(report, file)}{inner}" + (f":{line}" if line else "")


def _line(report: Report, file: str, line: int) -> str:
    """The line alone in the script itself, the file too elsewhere."""
    name = inside(report, file)
    return str(line) if name in ("", os.path.basename(str(report.script.get("path", "")))) else f"{clean(name)}:{line}"


def _marked(report: Report, finding: Finding) -> str:
    """The source text that a finding marks, where it lies on one line."""
    lines = view.source_lines(report, finding.file)
    if finding.end_line != finding.line or not 1 <= finding.line <= len(lines):
        return ""
    return lines[finding.line - 1][finding.column - 1 : finding.end_column - 1]


def _tried(tried: Json) -> list[tuple[str, str, str]]:
    """Before and after of a re-check, a row for each parameter where it names them."""
    before, after = tried.get("before"), tried.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        return [(name, _figure(before.get(name)), _figure(after[name])) for name in after]
    if before is not None and after is not None:
        return [("", _figure(before), _figure(after))]
    return []


def _figure(value: Any) -> str:
    if isinstance(value, float | int) and not isinstance(value, bool):
        return "exact" if value == 0 else f"off by {view.off_by(float(value))}"
    return "-" if value is None else str(value)


def _rows(report: Report, prefix: str, ids: dict[Any, str]) -> list[Row]:
    words = view.parameter_rows(report.parameters)
    return [
        Row(
            id=f"{prefix}p{number}",
            words=row,
            parameter=parameter,
            norm="-" if parameter.gradient_norm is None else f"{parameter.gradient_norm:.3g}",
            line_id=ids.get((file_key(report, parameter.file), parameter.line), ""),
        )
        for number, (row, parameter) in enumerate(zip(words, report.parameters, strict=True), 1)
    ]


def _step(report: Report, row: BackwardRow, ids: dict[Any, str]) -> Step:
    return Step(
        row=row,
        place=_line(report, row.file, row.line),
        line_id=ids.get((file_key(report, row.file), row.line), ""),
        shape=" x ".join(map(str, row.shape)) or "scalar",
        scale="-" if row.scale is None else view.factor(row.scale),
        residual="-" if row.residual is None else view.off_by(row.residual),
        cosine="-" if row.cosine is None else f"{row.cosine:.6f}",
        tone=ROW_TONES.get(row.verdict, ""),
    )


def _backward_sentence(rows: Sequence[BackwardRow]) -> str:
    """What the table of the backward pass shows, in words."""
    if not rows:
        return ""
    first = next((row for row in rows if row.verdict == "first wrong"), None)
    right = sum(row.verdict == "right" for row in rows)
    if first is None:
        return (
            f"{right} of {plural(len(rows), 'value')} on the way from the loss to the parameters are true derivatives."
        )
    return (
        f"The first value that is no derivative of the loss is {first.name} (line {first.line}); "
        f"{right} of {plural(len(rows), 'value')} are true derivatives."
    )


def _checked(report: Report) -> list[str]:
    """What was found right, with the figure that shows it."""
    out = []
    for parameter in report.parameters:
        if parameter.verdict in ("right", "right_up_to_scale"):
            out.append(clean(parameter.name) + ": " + _why_right(parameter))
    right = [row for row in report.backward if row.verdict == "right"]
    if right and len(right) < len(report.backward):
        out.append(f"{plural(len(right), 'value')} of the backward pass: true derivatives of the loss")
    for training in report.trainings:
        if training.replay == "exact" and training.operations:
            out.append(f"{plural(training.operations, 'operation')} of the step run again: the same to the last bit")
        if training.loss.identified:
            out.append(f"the loss is certain: {view.loss_words(training.loss).removeprefix('loss: ')}")
    return out


def _why_right(parameter: Parameter) -> str:
    words = "the gradient is exact"
    if parameter.verdict == "right_up_to_scale":
        words = f"the gradient is exact, times {view.scale_words(parameter)}"
    entries = f" in {parameter.size:,} of {plural(parameter.size, 'entry').replace('entrys', 'entries')}"
    if parameter.smallest_error is not None:
        return f"{words}; an error of {parameter.smallest_error:.0e} of its norm would have been seen"
    if parameter.certificate is not None:
        return f"{words}{entries}; central differences agree to {parameter.certificate:.0e}"
    return words + entries


def _open_questions(report: Report) -> list[tuple[str, str]]:
    """What could not be checked, and why."""
    out = [
        (clean(parameter.name), clean(parameter.reason or parameter.verdict.replace("_", " ")))
        for parameter in report.parameters
        if parameter.verdict in ("not_judged", "inconclusive")
    ]
    for item in report.not_checked:
        place = f" (line {item.line})" if item.line else ""
        out.append((clean(item.what) + place, clean(item.why)))
    return out


def _command(report: Report) -> str:
    words = ["gradcheck", str(report.script.get("path", "script"))]
    arguments = [str(argument) for argument in report.script.get("arguments") or []]
    return clean(shlex.join([*words, "--", *arguments] if arguments else words))


def _circumstances(report: Report) -> list[tuple[str, str]]:
    """What a run depends on, as far as the report tells."""
    script = report.script
    out = [
        ("gradcheck", report.tool_version),
        ("Python", str(script.get("python_version", "")).split(" ")[0]),
        ("NumPy", str(script.get("numpy_version", ""))),
    ]
    for name, text in report.sources.items():
        out.append((f"SHA-256 of {clean(name)}", hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]))
    return [(what, value) for what, value in out if value]
