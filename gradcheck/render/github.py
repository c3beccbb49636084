"""Findings as annotations of a GitHub workflow, and the text of the report after them.

GitHub shows ten annotations of each level a step and drops the rest, so the text follows in full. Commands of a
workflow are read from any line that begins with two colons: none of the user's may.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..options import Display
from ..results import Finding, Report
from . import terminal
from .view import clean, shown_path

LEVELS = {"error": "error", "warning": "warning", "note": "notice"}
PROPERTY = {"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"}
MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}


def render(reports: Sequence[Report], display: Display) -> str:
    """One line for each finding that is not suppressed, then the report as text."""
    commands = [line for report in reports for line in _commands(report)]
    text = terminal.render(reports, display).split("\n")
    return "".join(line + "\n" for line in commands) + "\n".join(" " + t if t.startswith("::") else t for t in text)


def _commands(report: Report) -> Iterator[str]:
    for finding in report.findings:
        if not finding.suppressed:
            place = {"file": shown_path(report, finding.file), **_span(finding), "title": finding.rule}
            fields = ",".join(f"{key}={_escaped(str(value), PROPERTY)}" for key, value in place.items())
            yield f"::{LEVELS[finding.severity]} {fields}::{_escaped(_message(finding), MESSAGE)}"


def _span(finding: Finding) -> dict[str, int]:
    """Lines, and columns only where they mean something: on one line. GitHub counts the last column in."""
    if finding.end_line != finding.line or finding.end_column <= finding.column:
        return {"line": finding.line, "endLine": max(finding.end_line, finding.line)}
    return {"line": finding.line, "col": finding.column, "endColumn": finding.end_column - 1}


def _message(finding: Finding) -> str:
    return "\n".join([" ".join(finding.message.split()), *finding.proof])


def _escaped(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(character, character) for character in clean(text))
