"""Each rule on scripts of its own: what is wrong is named at the marked line, what only looks wrong is not.

Driven by the folders of ``cases/``, named after the rules: ``bad*.py`` have the guilty line marked with
``# expect: SLUG``, ``good*.py`` are right. ``cases/_double`` holds scripts with two independent mistakes.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradcheck import Report, check_script
from gradcheck.results import Finding

from .test_cases import CASES

SYSTEMS = {"batched_sigmoid", "loop_convolution", "doubled_softmax", "dropout_convolution"}
DOUBLE = "_double"
MARK = re.compile(r"# expect: (\S+)")

# What the tool cannot do yet. An entry that begins to work fails its test until it is taken out of here.
KNOWN_GAPS: dict[str, str] = {
    "_double/two_03.py": "another operand is supposed before the missing derivative",
    "_double/two_06.py": "behind a rectifier the missing mask is also a derivative at the dropped value",
    "batch-scale-inconsistent/bad_3.py": "samples in a loop are not counted, and the sum is marked, not the update",
    "bias-gradient-axis/bad_3.py": "a bias that grows to one row a sample is not tied to the loss",
    "dropout-backward/bad_2.py": "mask and scale applied by two operations are not seen as one",
    "dropout-backward/bad_3.py": "a second mask that is drawn in the backward pass is told as a departure only",
    "gradient-mismatch/bad.py": "margins that enter through decisions alone: no training step is found",
    "gradient-mismatch/good.py": "margins that enter through decisions alone: no loss is identified",
    "gradient-not-reset/bad_3.py": "sums over samples that pile up are told as wrong at the second step only",
    "loss-mismatch/bad.py": "an own squared error beside the error of a cross-entropy: the cross-entropy is inferred",
    "loss-mismatch/bad_3.py": "an own squared error beside the error of a cross-entropy: the cross-entropy is inferred",
    "missing-activation-derivative/bad_2.py": "one sample at a time: other operands explain the gradients too",
    "missing-term/bad_2.py": "a term of a parameter's own gradient that is missing is told as a departure only",
    "regularization-gradient/bad_2.py": "the departure is the masked write before the penalty is added",
    "regularization-gradient/good_2.py": "FALSE ERROR: weight decay added to the increment of an in-place update",
    "softmax-jacobian-diagonal/bad.py": "with one-hot targets the whole Jacobian is not tried on the departing place",
    "wrong-activation-derivative/bad_2.py": "a cost called once an epoch is not tried on the step's values",
    "wrong-constant-factor/bad_2.py": "a literal that is no whole number passes for a learning rate of its own",
    "wrong-operand/bad_3.py": "one term of a gradient summed over time is told as a departure only",
    "wrong-transpose/bad_2.py": "the gradient kept in an attribute is told at the update",
    "wrong-transpose/bad_3.py": "in a recurrent net the carried error is told where it is used, as a departure only",
}


def _scripts(pattern: str) -> list[object]:
    paths = sorted(p for p in CASES.glob(f"*/{pattern}") if p.parent.name not in SYSTEMS)
    return [_case(str(p.relative_to(CASES))) for p in paths]


def _case(path: str) -> object:
    gap = KNOWN_GAPS.get(path)
    return pytest.param(path, marks=pytest.mark.xfail(strict=True, reason=gap) if gap else (), id=path)


def _ask(path: str) -> Report:
    return check_script(CASES / path, timeout=120)


def _expected(path: str) -> set[tuple[str, int]]:
    """Rule and line of each mark."""
    lines = (CASES / path).read_text().splitlines()
    return {(m.group(1), n) for n, line in enumerate(lines, 1) if (m := MARK.search(line))}


def _told(findings: list[Finding], marks: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """Rule and line of each error; the marked line where it lies within the finding's statement."""
    errors = [f for f in findings if f.severity == "error"]
    return {
        next(((f.rule, n) for rule, n in marks if rule == f.rule and f.line <= n <= f.end_line), (f.rule, f.line))
        for f in errors
    }


@pytest.mark.parametrize("path", _scripts("bad*.py"))
def test_a_mistake_is_named_at_its_line(path: str) -> None:
    marks = _expected(path)
    assert [rule for rule, _ in marks] == [Path(path).parent.name]
    assert _told(_ask(path).findings, marks) == marks


@pytest.mark.parametrize("path", _scripts("good*.py"))
def test_what_only_looks_wrong_is_right(path: str) -> None:
    report = _ask(path)
    slug = Path(path).parent.name
    assert [(f.rule, f.line) for f in report.findings if f.severity == "error"] == []
    assert [f.line for f in report.findings if f.rule == slug and f.severity != "note"] == []
    assert report.parameters
    assert [(p.name, p.verdict) for p in report.parameters if not p.verdict.startswith("right")] == []


@pytest.mark.parametrize("path", _scripts("two*.py"))
def test_two_mistakes_are_both_named(path: str) -> None:
    marks = _expected(path)
    assert len(marks) == 2 and Path(path).parent.name == DOUBLE
    assert _told(_ask(path).findings, marks) == marks


def test_gaps_are_scripts_that_exist() -> None:
    assert [path for path in KNOWN_GAPS if not (CASES / path).is_file()] == []
