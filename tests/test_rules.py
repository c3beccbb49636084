"""Each rule on its own cases: a bad script gives a finding of the rule at the marked line, a good one none."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck import check_script
from gradcheck.rules import every_rule

CASES = Path(__file__).parent.parent / "cases"
RULES = {rule.SLUG for rule in every_rule()}
BAD = sorted(f for slug in RULES for f in (CASES / slug).glob("bad*.py"))
GOOD = sorted(f for slug in RULES for f in (CASES / slug).glob("good*.py"))


def _marked(path: Path, slug: str) -> set[int]:
    lines = path.read_text().splitlines()
    return {n for n, line in enumerate(lines, 1) if slug in line.partition("# expect:")[2].replace(",", " ").split()}


@pytest.mark.parametrize("path", BAD, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_mistake_is_named_at_its_line(path: Path) -> None:
    slug = path.parent.name
    found = {f.line for f in check_script(path).findings if f.rule == slug}
    assert found == _marked(path, slug) != set()


@pytest.mark.parametrize("path", GOOD, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_what_looks_like_a_mistake_is_left_alone(path: Path) -> None:
    report = check_script(path)
    assert not [f for f in report.findings if f.rule == path.parent.name or f.severity == "error"]
    assert report.parameters
    assert {p.verdict for p in report.parameters} <= {"right", "right_up_to_scale"}
