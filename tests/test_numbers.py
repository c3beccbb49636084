"""The rules on numbers and health: how grave they are, and what they say of the rebuilt programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.results import Finding

from .shared_runs import checked

CASES = Path(__file__).parent.parent / "cases"


def of_rule(script: str, rule: str) -> list[Finding]:
    return [f for f in checked(CASES / script).findings if f.rule == rule]


@pytest.mark.parametrize(
    ("script", "rule", "severity"),
    [
        ("softmax-overflow/bad.py", "softmax-overflow", "warning"),  # it could happen
        ("softmax-overflow/bad_3.py", "softmax-overflow", "error"),  # it happened
        ("softmax-overflow/bad_4.py", "softmax-overflow", "error"),  # in float32, not in float64
        ("step-too-large/bad.py", "step-too-large", "warning"),
        ("step-too-large/bad_4.py", "step-too-large", "error"),  # until nothing is a number any more
        ("step-too-large/bad_4.py", "unscaled-input", "note"),  # scaling would not cure it
        ("unscaled-input/bad.py", "unscaled-input", "warning"),  # scaling cures it
        ("single-sample-steps/bad.py", "single-sample-steps", "note"),
    ],
)
def test_severity_follows_what_happened(script: str, rule: str, severity: str) -> None:
    assert [f.severity for f in of_rule(script, rule)] == [severity]


def test_a_training_that_breaks_down_has_one_error() -> None:
    for script in ("step-too-large/bad_4.py", "softmax-overflow/bad_4.py", "log-of-zero/bad_3.py"):
        found = [f.rule for f in checked(CASES / script).findings if f.severity == "error"]
        assert found == [script.partition("/")[0]]


@pytest.mark.parametrize(
    ("script", "rules"),
    [
        ("loop_convolution/model.py", {"unscaled-input": "warning", "step-too-large": "warning"}),
        ("doubled_softmax/model.py", {"unscaled-input": "note"}),
        ("dropout_convolution/model.py", {"softmax-overflow": "warning"}),
    ],
)
def test_the_rebuilt_programs(script: str, rules: dict[str, str]) -> None:
    path = CASES / script
    lines = path.read_text().splitlines()
    found = checked(path).findings
    for rule, severity in rules.items():
        marked = [n for n, line in enumerate(lines, 1) if f"# expect: {rule}" in line]
        assert [(f.line, f.severity) for f in found if f.rule == rule] == [(n, severity) for n in marked]


def test_a_mended_program_is_left_alone() -> None:
    assert checked(CASES / "loop_convolution/mended.py").findings == []


def test_an_offered_text_is_right_when_it_is_put_in(tmp_path: Path) -> None:
    path = CASES / "softmax-overflow/bad.py"
    (finding,) = of_rule("softmax-overflow/bad.py", "softmax-overflow")
    assert finding.fix is not None and finding.fix.replacement is not None and finding.fix.tried is not None
    lines = path.read_text().splitlines(keepends=True)
    line = lines[finding.line - 1]
    assert finding.line == finding.end_line
    lines[finding.line - 1] = line[: finding.column - 1] + finding.fix.replacement + line[finding.end_column - 1 :]
    mended = tmp_path / "model.py"
    mended.write_text("".join(lines))
    assert "softmax-overflow" not in {f.rule for f in checked(mended).findings}
