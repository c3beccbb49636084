"""The four systems that the tool was made for, rebuilt: what is wrong in each is found, the mended twins come
out clean.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .shared_runs import checked

CASES = Path(__file__).parent.parent / "cases"
CERTAIN = 1e-4  # relative gap to the central difference; kinks of many rectifiers alone come to 1e-5

# script, parameter by shape -> verdict, rule and line text of each error finding
BROKEN = [
    (
        "batched_sigmoid/main.py",
        ["not_judged", "right", "right", "right"],
        [("uninitialized-memory", "# expect: uninitialized-memory")],
    ),
    ("loop_convolution/model.py", ["right", "right", "right"], []),
    (
        "doubled_softmax/model.py",
        ["wrong", "wrong", "wrong"],
        [
            ("mispaired-samples", "# expect: mispaired-samples"),
            ("softmax-derivative-doubled", "# expect: softmax-derivative-doubled"),
        ],
    ),
    (
        "dropout_convolution/model.py",
        ["right_up_to_scale", "wrong"],
        [
            ("derivative-at-wrong-point", "# expect: derivative-at-wrong-point"),
            ("dropout-backward", "# expect: dropout-backward"),
            ("sign-flipped-update", "# expect: sign-flipped-update"),
        ],
    ),
]
# script, each warning's rule with the mark of its line
WARNED = [
    ("batched_sigmoid/main.py", ["batch-scale-sum"]),
    ("doubled_softmax/model.py", []),
    ("dropout_convolution/model.py", ["batch-scale-double-mean", "unshuffled-minibatches"]),
]
MENDED = [
    ("batched_sigmoid/mended/main.py", 4),
    ("loop_convolution/mended.py", 3),
    ("doubled_softmax/mended.py", 3),
    ("dropout_convolution/mended.py", 2),
]
ELSEWHERE = ("batched_sigmoid/main.py", "loop_convolution/mended.py", "dropout_convolution/mended.py")


def _row(path: str, *rest: object) -> object:
    """One row of a table by its script's name; those of ELSEWHERE are run on another Python and NumPy too."""
    return pytest.param(path, *rest, id=path, marks=pytest.mark.elsewhere if path in ELSEWHERE else ())


def _lines(path: str, mark: str) -> set[tuple[str, int]]:
    """File and line of each guilty line of a case."""
    folder = (CASES / path).parent
    return {
        (file.name, number)
        for file in folder.glob("*.py")
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if mark in line
    }


@pytest.mark.parametrize(("path", "verdicts", "errors"), [_row(*row) for row in BROKEN])
@pytest.mark.parametrize("seed", [0, 5])
def test_a_broken_system_is_told_what_is_wrong(path: str, verdicts: list[str], errors: list, seed: int) -> None:
    report = checked(CASES / path, seed)
    assert sorted(p.verdict for p in report.parameters) == sorted(verdicts)
    found = [f for f in report.findings if f.severity == "error"]
    assert [f.rule for f in found] == [rule for rule, _ in errors]
    for finding, (_, mark) in zip(found, errors, strict=True):
        assert (Path(finding.file).name, finding.line) in _lines(path, mark)


@pytest.mark.parametrize(("path", "rules"), WARNED, ids=[w[0] for w in WARNED])
def test_a_broken_system_is_warned_of_its_batches(path: str, rules: list[str]) -> None:
    report = checked(CASES / path)
    mine = {"batch-scale-sum", "batch-scale-double-mean", "unshuffled-minibatches", "minibatch-coverage"}
    found = [f for f in report.findings if f.severity == "warning" and f.rule in mine]
    assert sorted(f.rule for f in found) == sorted(rules)
    for finding in found:
        assert (Path(finding.file).name, finding.line) in _lines(path, f"# expect: {finding.rule}")


@pytest.mark.parametrize(
    ("path", "size"),
    [("batched_sigmoid/main.py", 25), ("doubled_softmax/model.py", 600), ("loop_convolution/model.py", 1)],
)
def test_the_batch_size_is_counted_in_rows_of_the_data(path: str, size: int) -> None:
    assert [t.batch_size for t in checked(CASES / path).trainings] == [size]


def test_the_kernels_of_the_dropout_convolution_go_uphill() -> None:
    report = checked(CASES / "dropout_convolution/model.py")
    assert sorted(p.direction for p in report.parameters) == ["downhill", "uphill"]


def test_unwritten_memory_is_counted() -> None:
    report = checked(CASES / "batched_sigmoid/main.py")
    evidence = next(f.evidence for f in report.findings if f.rule == "uninitialized-memory")
    assert evidence["unwritten"] == evidence["read"] > 10_000


@pytest.mark.parametrize(("path", "count"), [_row(*row) for row in MENDED])
def test_a_mended_system_is_clean(path: str, count: int) -> None:
    report = checked(CASES / path)
    assert [(p.name, p.verdict, p.reason) for p in report.parameters if not p.verdict.startswith("right")] == []
    assert len(report.parameters) == count
    assert [p.name for p in report.parameters if p.certificate is None or not p.certificate < CERTAIN] == []
    assert [f for f in report.findings if f.severity == "error"] == []


# script, text, what it becomes: other sizes, the same verdicts
OTHER_SIZES = [
    ("doubled_softmax/model.py", "PARTS = 100", "PARTS = 240"),
    ("doubled_softmax/model.py", "WIDTH = 300", "WIDTH = 41"),
    ("dropout_convolution/model.py", "CHUNK = 128", "CHUNK = 50"),
]


@pytest.mark.parametrize(("path", "text", "other"), OTHER_SIZES)
def test_no_verdict_is_fitted_to_a_size(path: str, text: str, other: str, tmp_path: Path) -> None:
    source = (CASES / path).read_text()
    assert text in source
    (tmp_path / "model.py").write_text(source.replace(text, other))
    verdicts = next(verdicts for known, verdicts, _ in BROKEN if known == path)
    report = checked(tmp_path / "model.py")
    assert sorted(p.verdict for p in report.parameters) == sorted(verdicts)
