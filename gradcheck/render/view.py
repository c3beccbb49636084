"""The words of a report: figures, names, places and rows, shared by every renderer that shows text."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..reading import inside, lines_of, split
from ..results import Finding, Loss, Outcome, Parameter, Report, Training

ROW_LIMIT = 40

# C0 and C1 controls, and the marks that reorder text: from a script they could hide or forge what we print.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One row of the parameter table, as words. ``tone`` is a style: "good", "bad", "doubt"."""

    parameter: str
    shape: str
    line: str
    off_by: str
    scale: str
    direction: str
    verdict: str
    tone: str


def clean(text: str) -> str:
    """``text`` with control characters as visible escapes. Tabs and line ends stay."""
    return _CONTROLS.sub(lambda match: _escape(match[0]), text)


def _escape(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"


def cells(text: str) -> int:
    """How many terminal cells ``text`` takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def off_by(error: float | None) -> str:
    """A relative error in words: exact, a percentage, or a multiple."""
    if error is None:
        return "-"
    if error == 0:
        return "exact"
    if error < 1e-4:
        return f"{error:.1e}"
    if error < 10:
        return f"{_short(100 * error)} %"
    return f"{_short(error)}x"


def _short(value: float) -> str:
    """Two significant digits, without an exponent where the number is of everyday size."""
    rounded = float(f"{value:.2g}")
    if 1e6 > rounded >= 10:
        return f"{rounded:,.0f}"
    return f"{rounded:.2g}"


def scale_words(parameter: Parameter) -> str:
    """The factor between the user's gradient and the true one: ``1``, ``1/128``, ``-2``, ``0.437``."""
    if parameter.scale_text:
        return clean(parameter.scale_text)
    if parameter.scale is None or parameter.verdict not in ("right", "right_up_to_scale"):
        return "-"
    return factor(parameter.scale)


def factor(value: float) -> str:
    for form, number in (("{:,}", value), ("1/{:,}", 1 / value if value else 0.0)):
        nearest = round(number) if abs(number) < 1e9 else 0
        if nearest and abs(number - nearest) <= 1e-9 * abs(nearest):
            return ("-" if nearest < 0 else "") + form.format(abs(nearest))
    return f"{value:.3g}"


def verdict_words(parameter: Parameter) -> str:
    match parameter.verdict:
        case "right":
            return "right"
        case "right_up_to_scale":
            scale = scale_words(parameter)
            return "right up to scale" if scale == "-" else f"right, times {scale}"
        case "wrong":
            start = parameter.wrong_from
            return "wrong" if start is None else f"wrong from {line_words(start, parameter.wrong_from_cell)}"
        case "inconclusive":
            return "inconclusive"
        case _:
            return "not judged"


TONES = {"right": "good", "right_up_to_scale": "good", "wrong": "bad", "inconclusive": "doubt", "not_judged": "doubt"}


def parameter_rows(parameters: Iterable[Parameter]) -> list[ParameterRow]:
    return [
        ParameterRow(
            parameter=clean(parameter.name),
            shape=" x ".join(map(str, parameter.shape)) or "scalar",
            line="-" if parameter.line is None else _short_place(parameter.line, parameter.cell),
            off_by=off_by(parameter.relative_error),
            scale=scale_words(parameter),
            direction=clean(parameter.direction) or "-",
            verdict=verdict_words(parameter),
            tone=TONES.get(parameter.verdict, "doubt"),
        )
        for parameter in parameters
    ]


def head_and_rest(parameters: list[Parameter], limit: int = ROW_LIMIT) -> tuple[list[Parameter], int]:
    """The parameters worth a row, in their order, and how many are left out; those that are right leave first."""
    if len(parameters) <= limit:
        return parameters, 0
    ranked = sorted(range(len(parameters)), key=lambda i: (TONES.get(parameters[i].verdict) == "good", i))
    kept = sorted(ranked[:limit])
    return [parameters[i] for i in kept], len(parameters) - limit


def headline(report: Report, training: Training, parameters: list[Parameter]) -> str:
    """What was recorded of one training, in one line."""
    subject = clean(str(report.script.get("path", "script")))
    if len(report.trainings) > 1:
        place = f" ({line_words(training.line, training.cell)})" if training.line else ""
        subject += f", training {report.trainings.index(training) + 1} of {len(report.trainings)}{place}"
    batch = f" (batch of {training.batch_size:,})" if training.batch_size else ""
    values = training.values or sum(parameter.size for parameter in parameters)
    counts = f"{plural(len(parameters), 'parameter')}, {plural(values, 'value')}"
    return f"{subject}: {plural(training.steps, 'training step')} recorded{batch}, {counts}"


def loss_words(loss: Loss) -> str:
    """The line about the loss: its kind, where it comes from and why that is certain."""
    place = line_words(loss.line, loss.cell) if loss.line else ""
    if loss.source == "none":
        tried = f"; tried: {', '.join(loss.candidates)}" if loss.candidates else ""
        return clean(f"loss: not found{tried}")
    origin = "the script's own" if loss.source == "own" else "inferred"
    kind = "" if loss.kind in ("", "expression") else f"{loss.kind}, "
    quoted = f"`{' '.join(loss.text.split())}`" if loss.text else ""
    details = loss.witness or ", ".join(filter(None, (quoted, place)))
    doubt = "" if loss.identified or loss.source == "own" else ", not certain"
    return clean(f"loss: {kind}{origin}{doubt}" + (f" ({details})" if details else ""))


def summary(report: Report) -> str:
    """The closing line: what was found, what was judged, how much was followed, how long it took."""
    active = [finding for finding in report.findings if not finding.suppressed]
    errors = sum(finding.severity == "error" for finding in active)
    warnings = sum(finding.severity == "warning" for finding in active)
    silenced = len(report.findings) - len(active)
    counts = [plural(errors, "error"), plural(warnings, "warning"), *([f"{silenced} suppressed"] if silenced else [])]
    parts = [", ".join(counts), judged_words(report.parameters)]
    operations = sum(training.operations for training in report.trainings)
    if operations:
        replays = list(dict.fromkeys(training.replay for training in report.trainings if training.replay))
        followed = f"{plural(operations, 'operation')} followed"
        parts.append(followed + (f", replay {clean(' and '.join(replays))}" if replays else ""))
    if "total" in report.seconds:
        parts.append(f"{report.seconds['total']:.1f} s")
    return "; ".join(parts)


def judged_words(parameters: list[Parameter]) -> str:
    """How many parameters are right, or wrong and not judged."""
    if not parameters:
        return "no parameter found"
    tones = [TONES.get(parameter.verdict) for parameter in parameters]
    wrong, doubt, total = tones.count("bad"), tones.count("doubt"), len(parameters)
    noun = "parameter" if total == 1 else "parameters"
    if not wrong and not doubt:
        return f"{total} of {total} {noun} right"
    parts = [f"{count} {word}" for count, word in ((wrong, "wrong"), (doubt, "not judged")) if count]
    first = parts[0].replace(" ", f" of {total} {noun} ", 1)
    return ", ".join([first, *parts[1:]])


def line_words(line: int, cell: int | None) -> str:
    """A line as it is named in a sentence: "line 52", in a notebook "cell 3, line 52"."""
    return f"line {line}" if cell is None else f"cell {cell}, line {line}"


def _short_place(line: int, cell: int | None) -> str:
    return str(line) if cell is None else f"{cell}:{line}"


def place_path(report: Report, file: str, cell: int | None) -> str:
    """What stands before the line's number: a file, or a notebook and its cell."""
    return shown_path(report, file) + ("" if cell is None else f" cell {cell}")


def shown_path(report: Report, file: str) -> str:
    """A file of the report as the user would type it: beside the script, seen from where they are."""
    name = inside(report, file)
    if not name or os.path.isabs(name):
        return clean(name or str(report.script.get("path", "")))
    folder = os.path.dirname(str(report.script.get("path", "")))
    return clean(os.path.normpath(os.path.join(folder, name)))


def source_lines(report: Report, file: str, cell: int | None = None) -> tuple[str, ...]:
    """The lines of a file, or of a notebook's cell, that the report names: the text that was run, else as the file is
    now; empty without both.
    """
    if cell is not None:
        return split(str(report.script.get("cells", {}).get(str(cell), "")))
    name = inside(report, file) or os.path.basename(str(report.script.get("path", "")))
    text = report.sources.get(name)
    if text is not None:
        return split(text)
    return lines_of(os.path.join(str(report.script.get("folder", "")), name))


def affected(report: Report, finding: Finding) -> str:
    """Which parameters a finding concerns, in words; empty when it names none."""
    names = finding.parameters or ([finding.parameter] if finding.parameter else [])
    known = {parameter.name for parameter in report.parameters if parameter.training == finding.training}
    if len(names) > 3 and known <= set(names):
        return "every parameter"
    shown = names if len(names) <= 6 else [*names[:4], f"{len(names) - 4} more"]
    return clean(", ".join(shown[:-1]) + " and " + shown[-1] if len(names) > 6 else ", ".join(shown))


def tried_words(tried: dict[str, object]) -> str:
    """What happened when a fix was tried."""
    before, after = tried.get("before"), tried.get("after")
    if isinstance(after, dict):  # by parameter
        left = [name for name, figure in after.items() if figure != 0]
        after = ("all exact" if len(after) > 1 else "exact") if not left else f"{', '.join(left)} still off"
    if isinstance(after, float | int) and not isinstance(after, bool):
        after = "exact" if after == 0 else f"off by {off_by(float(after))}"
        if isinstance(before, float | int):
            after = f"off by {off_by(float(before))} before, {after} after"
    how = "tried by running the edited script" if tried.get("by") else "tried on the recorded step"
    return clean(f"{how}: {after}")


OPENINGS = {
    "exit": "the script left by sys.exit",
    "exception": "the script raised",
    "syntax_error": "the script cannot be parsed",
    "unreadable": "the script cannot be read",
}


def outcome_words(report: Report) -> str:
    """How the script ended, in one sentence; empty when it simply finished, or when we ended it on purpose."""
    outcome = report.outcome
    if outcome is None or outcome.kind in ("finished", "cut") or (outcome.kind == "exit" and not outcome.message):
        return ""
    message = clean(" ".join(outcome.message.split()))
    place = "" if outcome.kind == "missing_file" else _outcome_place(report, outcome)  # its message begins with it
    if outcome.after_cut:
        raised = ":" if outcome.kind == "missing_file" else " the script raised"
        return f"after its training had been ended early{raised} {message}{place}; that is our doing"
    opening = OPENINGS.get(outcome.kind, "" if message else f"the script ended: {outcome.kind.replace('_', ' ')}")
    return ": ".join(filter(None, (opening, message))) + place


def _outcome_place(report: Report, outcome: Outcome) -> str:
    if not outcome.line:
        return ""
    if outcome.cell is not None:
        return f" ({line_words(outcome.line, outcome.cell)})"
    file = inside(report, outcome.file)
    if file in ("", os.path.basename(str(report.script.get("path", "")))):
        return f" (line {outcome.line})"
    return f" ({clean(file)}, line {outcome.line})"
