"""Reports as SARIF 2.1.0, with the fields that code scanning shows: one run, errors first.

Columns are code points from 1. The fingerprint is the rolling hash over 100 characters that GitHub's upload action
computes (github/codeql-action, src/fingerprints.ts).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from ..options import Display
from ..reading import inside
from ..results import Edit, Finding, Json, Report, Span
from .manual import manual
from .view import clean, outcome_words, shown_path, source_lines

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
PROBLEM = {"error": ("error", "very-high"), "warning": ("warning", "medium"), "note": ("recommendation", "medium")}
ORDER = ("error", "warning", "note")
SHORT = 1024
MOST_STEPS = 20
BLOCK, FACTOR, WORD = 100, 37, 1 << 64


def render(reports: Sequence[Report], display: Display) -> str:
    """One document with one run."""
    found = [(report, finding) for report in reports for finding in report.findings]
    found.sort(key=lambda pair: ORDER.index(pair[1].severity))
    slugs = list(dict.fromkeys(finding.rule for _, finding in found))
    driver: Json = {
        "name": "gradcheck",
        "rules": [_rule(slug, [f for _, f in found if f.rule == slug]) for slug in slugs],
    }
    version = next((report.tool_version for report in reports if report.tool_version), "")
    if version:
        driver["semanticVersion"] = version
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(report, finding, slugs.index(finding.rule)) for report, finding in found],
        "invocations": [_invocation(report) for report in reports],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, sort_keys=True) + "\n"


def _rule(slug: str, found: Sequence[Finding]) -> Json:
    words = clean(slug).replace("-", " ")
    problem, precision = PROBLEM[min((f.severity for f in found), key=ORDER.index)]
    page = manual(slug) or f"{words.capitalize()}."
    first, _, rest = page.partition("\n\n")
    about = rest.partition("\n\n")[0] or first
    return {
        "id": clean(slug),
        "name": words.title()[:255],
        "shortDescription": {"text": " ".join(first.split())[:SHORT]},
        "fullDescription": {"text": " ".join(about.split())[:SHORT]},
        "help": {"text": page, "markdown": page},
        "properties": {
            "precision": precision,
            "problem.severity": problem,
            "tags": ["correctness", "gradient"],
        },
    }


def _result(report: Report, finding: Finding, index: int) -> Json:
    related = finding.related[:SHORT]
    result: Json = {
        "ruleId": clean(finding.rule),
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": _message(report, finding)},
        "locations": [_location(report, finding.file, _region(finding))],
    }
    if related:
        result["relatedLocations"] = [
            {"id": n, **_location(report, s.file, _region(s)), "message": {"text": clean(s.label) or "contributes"}}
            for n, s in enumerate(related, 1)
        ]
    steps = _steps(report, finding)
    if steps:
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    hashes = line_hashes("\n".join(source_lines(report, finding.file)))
    if finding.line in hashes:
        result["partialFingerprints"] = {"primaryLocationLineHash": hashes[finding.line]}
    if finding.fix and finding.fix.tried and (finding.fix.edits or finding.fix.replacement is not None):
        result["fixes"] = [_fix(report, finding)]
    if finding.suppressed:
        result["suppressions"] = [{"kind": "inSource"}]
    return result


def _message(report: Report, finding: Finding) -> str:
    """The headline, then the proof, then the other places as links."""
    cell = f" (cell {finding.cell}, line {finding.line})" if finding.cell is not None else ""
    lines = [_sentence(finding.message + cell), *(clean(line) for line in finding.proof)]
    lines += [f"[line {s.line}]({n}): {clean(s.label)}" for n, s in enumerate(finding.related, 1) if s.label]
    if finding.effect:
        lines.append(_sentence(finding.effect))
    return "\n".join(lines)


def _sentence(text: str) -> str:
    words = clean(" ".join(text.split()))
    return words if words.endswith(".") else words + "."


def _region(place: Finding | Span | Edit) -> Json:
    """Line and columns; an end of 0 means the end of the line, which SARIF leaves out."""
    region = {"startLine": place.line, "startColumn": max(place.column, 1), "endLine": max(place.end_line, place.line)}
    if place.end_column > 0:
        region["endColumn"] = place.end_column
    return region


def _location(report: Report, file: str, region: Json) -> Json:
    artifact = {"uri": _uri(report, file)}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def _uri(report: Report, file: str) -> str:
    path = shown_path(report, file).replace(os.sep, "/")
    return ("file://" if path.startswith("/") else "") + quote(path)


def _steps(report: Report, finding: Finding) -> list[Json]:
    """The values of the backward pass up to the finding's line: from the loss to what is wrong."""
    rows = [row for row in report.backward if row.training == finding.training]
    file = inside(report, finding.file)
    ends = [i for i, row in enumerate(rows) if row.line == finding.line and inside(report, row.file) == file]
    if not ends or finding.severity != "error":
        return []
    walked = rows[: ends[-1] + 1][-MOST_STEPS:]
    return [
        {
            "location": {
                **_location(report, row.file, {"startLine": row.line}),
                "message": {"text": clean(f"{row.name}: {row.verdict}")},
            }
        }
        for row in walked
    ]


def _fix(report: Report, finding: Finding) -> Json:
    assert finding.fix is not None
    one = (finding.file, _region(finding), finding.fix.replacement or "")
    made = [(e.file, _region(e), e.text) for e in finding.fix.edits] or [one]
    changes = [
        {
            "artifactLocation": {"uri": _uri(report, file)},
            "replacements": [
                {"deletedRegion": region, "insertedContent": {"text": clean(text)}}
                for place, region, text in made
                if place == file
            ],
        }
        for file in dict.fromkeys(file for file, _, _ in made)
    ]
    return {"description": {"text": clean(finding.fix.description) or "tried"}, "artifactChanges": changes}


def _invocation(report: Report) -> Json:
    """Whether the script's step was judged at all, and what was not."""
    notes = [
        {"level": "note", "message": {"text": _sentence(f"{what} was not judged: {why}")}}
        for what, why in _open(report)
    ]
    out: Json = {"executionSuccessful": report.verdict != "not_judged"}
    return {**out, "toolExecutionNotifications": notes} if notes else out


def _open(report: Report) -> Iterator[tuple[str, str]]:
    for parameter in report.parameters:
        if parameter.verdict in ("not_judged", "inconclusive"):
            yield parameter.name, parameter.reason or parameter.verdict.replace("_", " ")
    for item in report.not_checked:
        yield item.what, item.why
    words = outcome_words(report)
    if words:
        yield "what follows the end of the script", words


def line_hashes(text: str) -> dict[int, str]:
    """For each line (from 1) the hash of the 100 characters other than blanks from its beginning on, and its count."""
    characters = [ord(c) for c in text.replace("\r\n", "\n").replace("\r", "\n") if c not in " \t"]
    window, lines = [0] * BLOCK, [0] * BLOCK
    first = pow(FACTOR, BLOCK, WORD)
    seen: dict[str, int] = {}
    out: dict[int, str] = {}
    value, index, line, fresh = 0, 0, 0, True

    def note() -> None:
        digest = f"{value:x}"
        seen[digest] = seen.get(digest, 0) + 1
        out[lines[index]] = f"{digest}:{seen[digest]}"
        lines[index] = 0

    for position, current in enumerate([*characters, 65535, *[0] * BLOCK]):
        if lines[index]:
            note()
        if position <= len(characters) and fresh:
            line, fresh = line + 1, False
            lines[index] = line
        fresh = fresh or current == 10
        value = (FACTOR * value + current - first * window[index]) % WORD
        window[index] = current
        index = (index + 1) % BLOCK
    return out
