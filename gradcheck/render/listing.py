"""Source text for a page: windows under findings, and whole files with findings in the margin, as styled pieces."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ..reading import inside
from ..results import Finding, Report
from . import view
from .window import Row

MARGIN = 12  # lines kept around a named one, where a file is too long to be shown whole
LONGEST = 1_500

Segment = tuple[str, str]  # text, class

STYLES = {"Keyword": "k", "Comment": "c", "String": "s", "Number": "n", "Operator": "o", "Builtin": "b"}


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding in the margin: where its card is, its number on the page, what it says."""

    anchor: str
    number: int
    severity: str
    message: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a listing. ``id`` is empty for the gap that stands for lines left out."""

    id: str
    number: int
    pieces: list[Segment]
    findings: list[Mark]


@dataclass(frozen=True, slots=True)
class Listing:
    """A file of the script. ``name`` is what the user would type, ``file`` its name in the report."""

    file: str
    name: str
    lines: list[Line]


def snippet(rows: Sequence[Row]) -> list[list[Segment]]:
    """The rows of a window, the marked text of each source line in the class of its mark."""
    out = [list(row) for row in rows]
    for number, row in enumerate(rows[:-1]):
        if len(row) == 2 and row[1][1] == "" and row[1][0].isascii():
            ranges = _ranges(rows[number + 1])
            if ranges:
                out[number] = [row[0], *_cut(row[1][0], ranges)]
    return out


def _ranges(row: Row) -> list[tuple[int, int, str]]:
    """Where the carets of a row stand, counted from the gutter."""
    place, found = 0, []
    for text, style in row[1:]:
        if style in ("primary", "secondary") and text and not text.strip("^-"):
            found.append((place, place + len(text), style))
        place += len(text)
    return found


def _cut(text: str, ranges: Sequence[tuple[int, int, str]]) -> list[Segment]:
    pieces, place = [], 0
    for start, end, style in ranges:
        pieces += [(text[place:start], ""), (text[start:end], f"mark {style}")]
        place = end
    return [piece for piece in [*pieces, (text[place:], "")] if piece[0]]


def listings(report: Report, active: Sequence[tuple[str, Finding]], prefix: str) -> list[Listing]:
    """The files of the report that are at hand, the script first."""
    script = os.path.basename(str(report.script.get("path", "")))
    files = list(dict.fromkeys([script, *(file_key(report, f.file) for _, f in active), *report.sources]))
    found = []
    for number, file in enumerate(files):
        lines = view.source_lines(report, file)
        if lines:
            start = prefix + ("L" if number == 0 else f"f{number}-L")
            found.append(Listing(file, view.shown_path(report, file), _lines(report, active, file, lines, start)))
    return found


def file_key(report: Report, file: str) -> str:
    """A file of the report as its listing is filed: the script where none is named."""
    return inside(report, file) or os.path.basename(str(report.script.get("path", "")))


def _lines(
    report: Report, active: Sequence[tuple[str, Finding]], file: str, lines: Sequence[str], start: str
) -> list[Line]:
    if not lines[-1]:
        lines = lines[:-1]
    margin: dict[int, list[Mark]] = {}
    for number, (anchor, finding) in enumerate(active, 1):
        if file_key(report, finding.file) == file:
            mark = Mark(anchor, number, finding.severity, finding.message)
            margin.setdefault(finding.line, []).append(mark)
    colored = highlighted(lines)
    kept = _kept(len(lines), [*margin, *_named(report, file)])
    out: list[Line] = []
    for number, pieces in enumerate(colored, 1):
        if number in kept:
            out.append(Line(f"{start}{number}", number, pieces, margin.get(number, [])))
        elif out and out[-1].id:
            out.append(Line("", 0, [("...", "c")], []))
    return out


def _named(report: Report, file: str) -> list[int]:
    """Lines of a file that the report's tables name."""
    places = [(p.file, p.line) for p in report.parameters] + [(b.file, b.line) for b in report.backward]
    places += [(s.file, s.line) for f in report.findings for s in f.related]
    return [line for name, line in places if line and file_key(report, name) == file]


def _kept(count: int, named: Sequence[int]) -> set[int]:
    if count <= LONGEST:
        return set(range(1, count + 1))
    around = {n for line in named for n in range(line - MARGIN, line + MARGIN + 1) if 1 <= n <= count}
    return around | set(range(1, MARGIN + 1))


def highlighted(lines: Sequence[str]) -> list[list[Segment]]:
    """The lines as pieces with the class of their kind of token."""
    from pygments.lexers.python import PythonLexer  # type: ignore[import-untyped]

    out: list[list[Segment]] = [[]]
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    for kind, text in lexer.get_tokens("\n".join(lines)):
        style = next((STYLES[part] for part in kind if part in STYLES), "")
        for number, piece in enumerate(text.split("\n")):
            if number:
                out.append([])
            if piece:
                out[-1].append((piece, style))
    # The lexer takes a lone carriage return or form feed its own way; the lines are the truth.
    same = len(out) == len(lines) and all(
        "".join(t for t, _ in row) == line for row, line in zip(out, lines, strict=True)
    )
    return out if same else [[(line, "")] for line in lines]
