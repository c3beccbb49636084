"""One line a finding, ``file:line:column: severity: text [slug]``, for editors, hooks and matchers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..options import Display
from ..results import Report
from .view import clean, outcome_words, place_path


def render(reports: Sequence[Report], display: Display) -> str:
    """Findings that are not suppressed, what was not judged, and how the script ended if not by itself."""
    return "".join(line + "\n" for report in reports for line in _lines(report, display))


def _lines(report: Report, display: Display) -> Iterator[str]:
    for finding in report.findings:
        if not finding.suppressed:
            place = f"{place_path(report, finding.file, finding.cell)}:{finding.line}:{finding.column}"
            yield f"{place}: {finding.severity}: {_one_line(finding.message)} [{clean(finding.rule)}]"
    if display.quiet:
        return
    for parameter in report.parameters:
        if parameter.verdict in ("not_judged", "inconclusive"):
            place = f"{place_path(report, parameter.file, parameter.cell)}:{parameter.line or 1}:1"
            state = parameter.verdict.replace("_", " ")
            yield _one_line(f"{place}: note: {parameter.name} {state}: {parameter.reason} [not-judged]")
    yield from _outcome(report)


def _outcome(report: Report) -> Iterator[str]:
    words = outcome_words(report)
    if not report.parameters:
        words = f"nothing could be judged: {words or 'no training step was found'}"
    if words:
        outcome = report.outcome
        file, line, cell = (outcome.file, outcome.line or 1, outcome.cell) if outcome else ("", 1, None)
        yield f"{place_path(report, file, cell)}:{line}:1: note: {_one_line(words)} [outcome]"


def _one_line(text: str) -> str:
    return clean(" ".join(text.split()))
