"""Reports for people: header, parameter table, findings in five parts, what was not judged, one closing line.

Text of the user's is never read as markup: rows are (text, style) pairs, and colour is added to finished text only.
"""

from __future__ import annotations

import difflib
import io
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from ..editing.edits import put_in
from ..options import Display
from ..results import Edit, Finding, Fix, NotChecked, Outcome, Parameter, Report
from . import batches, steps, view
from .view import cells, clean
from .window import SPAN_LINES, Mark, Row, window

TRACEBACK_LINES = 40
REMARK_LIMIT = 12
COLUMNS = ("parameter", "shape", "line", "off by", "scale", "direction", "verdict")
# Dropped in this order while the table is too wide; the verdict holds the scale, the finding the direction.
EXPENDABLE = ("scale", "direction", "shape", "line")

STYLES = {
    "error": "bold red",
    "warning": "bold yellow",
    "note": "bold cyan",
    "primary": "bold red",
    "secondary": "cyan",
    "good": "green",
    "bad": "bold red",
    "doubt": "yellow",
    "strong": "bold",
    "dim": "dim",
}


def render(reports: Sequence[Report], display: Display) -> str:
    """The reports one after the other, each ended by its summary line."""
    blocks = [list(_report(report, display)) for report in reports]
    rows = [row for block in blocks if block for row in ([], *block)]
    return paint(rows[1:], color=display.color)


def paint(rows: Sequence[Row], *, color: bool) -> str:
    """The rows as text, with terminal colours if wanted."""
    if not color:
        return "".join("".join(text for text, _ in row).rstrip() + "\n" for row in rows)
    from rich.console import Console
    from rich.text import Text

    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, color_system="standard", no_color=False, width=1000)
    for row in rows:
        line = Text.assemble(*((text, STYLES.get(style, "")) for text, style in row), end="\n")
        line.rstrip()
        console.print(line, soft_wrap=True, highlight=False)
    return stream.getvalue()


def _report(report: Report, display: Display) -> Iterator[Row]:
    active = [finding for finding in report.findings if not finding.suppressed]
    if display.quiet and not active:
        return
    if not display.quiet:
        yield from _header(report, display)
    for finding in active:
        yield from finding_rows(report, finding, display.width)
        yield []
    if not display.quiet:
        yield from _nothing_found(report, display.width)
        yield from _not_judged(report, display.width)
        yield from _outcome(report, display.width)
        yield from _remarks(report, display.width)
    yield from _wrapped(view.summary(report), width=display.width, style="strong")


def _header(report: Report, display: Display) -> Iterator[Row]:
    width = display.width
    if not report.trainings:
        name = clean(str(report.script.get("path", "script")))
        yield from _wrapped(f"{name}: no training step found", width, "strong")
    for training in report.trainings:
        parameters = [row for row in report.parameters if row.training == training.id]
        yield from _wrapped(view.headline(report, training, parameters), width, "strong")
        yield from _wrapped(view.loss_words(training.loss), width)
        if training is report.trainings[0]:
            yield from _interpreter(report, width)
        yield []
        if parameters:
            yield from _table(parameters, width)
            yield []
        if report.batch_sizes and report.batch_sizes["training"] == training.id:
            yield from batches.table(report.batch_sizes, width)
            yield []
        if report.steps and report.steps["training"] == training.id:
            yield from steps.table(report.steps, display)
            yield []
    if not report.trainings:
        yield from _interpreter(report, width)
        yield []


def _interpreter(report: Report, width: int) -> Iterator[Row]:
    source = str(report.script.get("python_source", "own"))
    if source != "own":
        yield from _wrapped(f"python: {clean(str(report.script.get('python', '')))} ({source})", width, "dim")


def _table(parameters: list[Parameter], width: int) -> Iterator[Row]:
    shown, left_out = view.head_and_rest(parameters)
    rows = view.parameter_rows(shown)
    table = [[getattr(row, name.replace(" ", "_")) for name in COLUMNS] for row in rows]
    columns = _fitting(table, width)
    table = [[_shortened(cell, 30) for cell in row] for row in table]
    sizes = [max(cells(row[i]) for row in [list(COLUMNS), *table]) for i in range(len(COLUMNS))]
    for texts, tone in [(list(COLUMNS), "dim"), *((row, rows[i].tone) for i, row in enumerate(table))]:
        padded = [texts[i] + " " * (sizes[i] - cells(texts[i])) for i in columns]
        yield [(" " + "   ".join(padded[:-1]) + "   ", "dim" if tone == "dim" else ""), (padded[-1], tone)]
    if left_out:
        yield [(f" ... and {left_out:,} more, all in --format json", "dim")]


def _fitting(table: list[list[str]], width: int) -> list[int]:
    """The columns that fit side by side, as indices."""
    sizes = [max(min(cells(row[i]), 30) for row in [list(COLUMNS), *table]) for i in range(len(COLUMNS))]
    columns = list(range(len(COLUMNS)))
    for name in EXPENDABLE:
        if 1 + sum(sizes[i] + 3 for i in columns) - 3 <= width:
            break
        columns.remove(COLUMNS.index(name))
    return columns


def _shortened(text: str, limit: int) -> str:
    if cells(text) <= limit:
        return text
    keep = (limit - 3) // 2
    return text[:keep] + "..." + text[-keep:]


def finding_rows(report: Report, finding: Finding, width: int) -> Iterator[Row]:
    """A finding in its five parts."""
    head = f"{finding.severity}[{clean(finding.rule)}]"
    yield from _headline(head, clean(" ".join(finding.message.split())), finding.severity, width)
    yield from _place(report, finding, width)
    yield from source_rows(report, finding, width)
    yield from _part("proof", [clean(line) for entry in finding.proof for line in entry.split("\n")], width)
    if finding.severity == "note":
        return
    yield from _part("effect", [clean(finding.effect)] if finding.effect else [], width)
    yield from _part("fix", list(_fix(report, finding)), width)
    if finding.fine_if:
        place = view.line_words(finding.line, finding.cell)
        advice = f"{clean(finding.fine_if).rstrip('.')}; then write on {place}"
        yield from _part("fine if", [advice], width)
        yield [(" " * 10 + f"# gradcheck: ignore[{clean(finding.rule)}]", "")]


def _headline(head: str, message: str, style: str, width: int) -> Iterator[Row]:
    lines = textwrap.wrap(f"{head}: {message}", width, subsequent_indent="  ", break_on_hyphens=False)
    first = lines[0]
    if first.startswith(head):
        yield [(head, style), (first[len(head) :], "strong")]
    else:
        yield [(first, style)]
    yield from ([(line, "strong")] for line in lines[1:])


def _place(report: Report, finding: Finding, width: int) -> Iterator[Row]:
    place = f"  --> {view.place_path(report, finding.file, finding.cell)}:{finding.line}:{finding.column}"
    if finding.function:
        place += f" in {clean(finding.function)}()"
    concerned = view.affected(report, finding)
    column = max(cells(place) + 3, 39 if finding.function else 28)
    if not concerned:
        yield [(place, "")]
    elif column + 8 + cells(concerned) <= width:
        yield [(place + " " * (column - cells(place)), ""), (f"affects {concerned}", "")]
    else:
        yield [(place, "")]
        yield from _wrapped(f"      affects {concerned}", width, indent=14)


def source_rows(report: Report, finding: Finding, width: int) -> Iterator[Row]:
    """The source lines of a finding with marks and labels; the labels alone where the source is not at hand."""
    lines = view.source_lines(report, finding.file, finding.cell)
    marks = _marks(finding.line, finding.column, finding.end_line, finding.end_column, finding.label, primary=True)
    here = (finding.file, finding.cell)
    elsewhere = [span for span in finding.related if span.file and (span.file, span.cell) != here]
    for span in finding.related[:3]:
        if span not in elsewhere:
            marks += _marks(span.line, span.column, span.end_line, span.end_column, span.label, primary=False)
    yield from window(lines, [_fitted(mark, lines) for mark in marks], width) if lines else _labels(marks)
    for span in elsewhere[:3]:
        yield [(f"  ::: {view.place_path(report, span.file, span.cell)}:{span.line}:{span.column}", "")]
        other = view.source_lines(report, span.file, span.cell)
        marks = _marks(span.line, span.column, span.end_line, span.end_column, span.label, primary=False)
        yield from window(other, [_fitted(mark, other) for mark in marks], width) if other else _labels(marks)


def _marks(line: int, column: int, end_line: int, end_column: int, label: str, *, primary: bool) -> list[Mark]:
    """One mark for each line of a span, the label on the last one shown; an end of 0 means "to the end of the line"."""
    last = min(max(end_line, line), line + SPAN_LINES - 1)
    return [
        Mark(
            line=number,
            start=column - 1 if number == line else 0,
            end=end_column - 1 if number == end_line else 1 << 30,
            label=label if number == last else "",
            primary=primary,
        )
        for number in range(line, last + 1)
    ]


def _fitted(mark: Mark, lines: Sequence[str]) -> Mark:
    """A mark without the blanks at either end of its line."""
    if not 1 <= mark.line <= len(lines):
        return mark
    text = lines[mark.line - 1]
    start = max(mark.start, len(text) - len(text.lstrip())) if mark.start == 0 else mark.start
    return Mark(mark.line, start, min(mark.end, len(text.rstrip())), mark.label, mark.primary)


def _labels(marks: Iterable[Mark]) -> Iterator[Row]:
    """What the marks say, where the source cannot be shown."""
    for mark in marks:
        if mark.label:
            yield [(f"   | line {mark.line}: {clean(mark.label)}", "")]


def _fix(report: Report, finding: Finding) -> Iterator[str]:
    fix = finding.fix
    if fix is None:
        return
    yield from edit_lines(report, finding, fix)
    if fix.description:
        yield clean(fix.description)
    if fix.tried:
        yield view.tried_words(fix.tried)


def edit_lines(report: Report, finding: Finding, fix: Fix) -> Iterator[str]:
    """The lines before and after: of the edits, else when the fix is a replacement of what is marked on one line."""
    for file, cell in dict.fromkeys((edit.file, edit.cell) for edit in fix.edits):
        yield from _changed_lines(report, file, cell, fix.edits)
    if fix.edits:
        return
    lines = view.source_lines(report, finding.file, finding.cell)
    if fix.replacement is None or finding.end_line != finding.line or not 1 <= finding.line <= len(lines):
        return
    line = lines[finding.line - 1]
    edited = line[: finding.column - 1] + fix.replacement + line[finding.end_column - 1 :]
    yield "- " + clean(line.strip()).expandtabs(4)
    yield from ("+ " + clean(part.rstrip()).expandtabs(4) for part in edited.strip().split("\n"))


def _changed_lines(report: Report, file: str, cell: int | None, edits: Sequence[Edit]) -> Iterator[str]:
    """The lines of a file (or a notebook's cell) that edits change, without what is the same."""
    before = view.source_lines(report, file, cell)
    try:
        after = put_in("\n".join(before), [e for e in edits if (e.file, e.cell) == (file, cell)]).split("\n")
    except ValueError:
        return  # the source is not what it was
    for line in difflib.unified_diff(before, after, lineterm="", n=0):
        if not line.startswith(("---", "+++", "@@")):
            yield f"{line[0]} {clean(line[1:].strip())}".expandtabs(4)


def _part(name: str, lines: list[str], width: int) -> Iterator[Row]:
    """A named part: its name to the right of column 8, its lines from column 11, those that are too long wrapped."""
    label = f"{name:>8}  "
    for line in lines:
        indent = "  " if line[:2] in ("- ", "+ ") else ""
        for piece in _pieces(line, width - len(label), indent):
            yield [(label, "dim"), (piece, "")]
            label = " " * len(label)


def _pieces(line: str, width: int, indent: str = "") -> list[str]:
    if cells(line) <= width:
        return [line]
    return textwrap.wrap(line, width, subsequent_indent=indent, break_on_hyphens=False) or [""]


def _not_judged(report: Report, width: int) -> Iterator[Row]:
    groups: dict[tuple[int, str, str], list[Parameter]] = {}
    for parameter in report.parameters:
        if parameter.verdict in ("not_judged", "inconclusive"):
            groups.setdefault((parameter.training, parameter.verdict, parameter.reason), []).append(parameter)
    for (training, verdict, reason), parameters in groups.items():
        names = ", ".join(parameter.name for parameter in parameters[:6])
        more = f" and {len(parameters) - 6} more" if len(parameters) > 6 else ""
        yield from _headline(verdict.replace("_", " "), clean(names + more), "doubt", width)
        yield from _parameter_place(report, parameters[0], width)
        yield from _part("why", [clean(reason or "no reason was recorded")], width)
        yield from _part("next", _advice(report, training), width)
        yield []


def _parameter_place(report: Report, parameter: Parameter, width: int) -> Iterator[Row]:
    if parameter.line is None:
        return
    yield [(f"  --> {view.place_path(report, parameter.file, parameter.cell)}:{parameter.line}", "")]
    lines = view.source_lines(report, parameter.file, parameter.cell)
    if 1 <= parameter.line <= len(lines):
        whole = Mark(parameter.line, 0, 1 << 30, "", primary=False)
        yield from window(lines, [_fitted(whole, lines)], width)


def _advice(report: Report, training: int) -> list[str]:
    losses = [row.loss for row in report.trainings if row.id == training]
    if losses and losses[0].source == "none":
        return [f"name the loss: gradcheck {clean(str(report.script.get('path', '')))} --loss NAME"]
    return []


def _nothing_found(report: Report, width: int) -> Iterator[Row]:
    """What to do about a script in which no training was seen, unless the way it ended says so."""
    if report.trainings or report.findings or report.not_checked or view.outcome_words(report):
        return
    command = f"gradcheck {clean(str(report.script.get('path', '')))} --call"
    advice = [f'if the file only defines things, let it train: {command} "train(X, y)"']
    found = [clean(str(call)) for call in report.script.get("entry_points") or []]
    if found:
        advice = ["if the file only defines things, let it train (data that is not defined is made up):"]
        advice += [f'{command} "{call}"' for call in found]
    yield from _part("next", advice, width)
    yield []


def _outcome(report: Report, width: int) -> Iterator[Row]:
    outcome = report.outcome
    words = view.outcome_words(report)
    if outcome is None or not words:
        return
    yield from _wrapped(words, width, "dim" if outcome.after_cut else "warning")
    if not outcome.after_cut:
        yield from _quoted(outcome, width, speaking=outcome.kind != "exit" or not report.parameters)
    yield []


def _quoted(outcome: Outcome, width: int, *, speaking: bool) -> Iterator[Row]:
    for line in outcome.traceback.rstrip().split("\n")[-TRACEBACK_LINES:] if outcome.traceback else []:
        yield [("  " + _bounded(line, width - 2), "")]
    if outcome.output_tail and speaking:
        yield [("the last lines of its output:", "dim")]
        for line in outcome.output_tail.split("\n")[-20:]:
            yield [("  | ", "dim"), (_bounded(line, width - 4), "")]


def _bounded(line: str, width: int) -> str:
    text = clean(line).expandtabs(4)
    return text if cells(text) <= width else text[: max(width - 3, 1)] + "..."


def _remarks(report: Report, width: int) -> Iterator[Row]:
    remarks = [f"changed: {what}" for what in report.changed]
    remarks += [_unchecked(row) for row in report.not_checked]
    for remark in remarks[:REMARK_LIMIT]:
        yield from _wrapped(clean(remark), width, "dim")
    if len(remarks) > REMARK_LIMIT:
        yield [(f"... and {len(remarks) - REMARK_LIMIT} more remarks, all in --format json", "dim")]
    if remarks:
        yield []


def _unchecked(row: NotChecked) -> str:
    place = f" ({view.line_words(row.line, row.cell)})" if row.line else ""
    return f"not checked: {row.what}{place}: {row.why}"


def _wrapped(text: str, width: int, style: str = "", indent: int = 2) -> Iterator[Row]:
    if cells(text) <= width:
        yield [(text, style)]
        return
    for line in textwrap.wrap(text, width, subsequent_indent=" " * indent, break_on_hyphens=False):
        yield [(line, style)]
