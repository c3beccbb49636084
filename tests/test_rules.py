"""Each rule has a folder of cases: guilty scripts with their line marked, and scripts that look alike and are right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradcheck import Report, check_script
from gradcheck.results import Finding

CASES = Path(__file__).parent.parent / "cases"
FOLDERS = sorted(folder for folder in CASES.iterdir() if any(folder.glob("bad*.py")))
MARK = re.compile(r"# expect: ([a-z, -]+)")


def _scripts(name: str) -> list[Path]:
    return [path for folder in FOLDERS for path in sorted(folder.glob(f"{name}*.py"))]


def _id(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def _marks(path: Path) -> list[tuple[str, int]]:
    """(slug, line) of each mark of a script."""
    return [
        (slug.strip(), number)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (found := MARK.search(line))
        for slug in found[1].split(",")
    ]


def _at(finding: Finding, mark: tuple[str, int]) -> bool:
    """Whether a finding says what a mark says, within the statement that is marked."""
    return finding.rule == mark[0] and finding.line <= mark[1] <= finding.end_line


def ask(path: Path) -> Report:
    """The report on one case."""
    return check_script(path, timeout=120)


@pytest.mark.parametrize("path", _scripts("bad"), ids=_id)
def test_a_guilty_script_is_told_what_it_did_and_where(path: Path) -> None:
    marks = _marks(path)
    report = ask(path)
    said = [f for f in report.findings if not f.suppressed]
    assert path.parent.name in {slug for slug, _ in marks}, "the case marks no line for its own rule"
    assert [m for m in marks if not any(_at(f, m) for f in said)] == []
    errors = [f for f in said if f.severity == "error"]
    assert [(f.rule, f.line) for f in errors if not any(_at(f, m) for m in marks)] == []


@pytest.mark.parametrize("path", _scripts("good"), ids=_id)
def test_a_script_that_looks_alike_is_left_alone(path: Path) -> None:
    report = ask(path)
    assert [(f.rule, f.line) for f in report.findings if f.rule == path.parent.name or f.severity == "error"] == []
    assert report.parameters
    assert [(p.name, p.verdict, p.reason) for p in report.parameters if not p.verdict.startswith("right")] == []


def test_each_rule_has_guilty_and_innocent_scripts() -> None:
    assert FOLDERS
    assert [folder.name for folder in FOLDERS if not list(folder.glob("good*.py"))] == []
