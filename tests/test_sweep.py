"""Sweeps over batch sizes: what sets the size is found, and the laws of sums and means hold exactly."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import jsonschema
import pytest

from gradcheck import Report, check_script
from gradcheck.assemble import Piece
from gradcheck.errors import UsageError
from gradcheck.options import Display, Options
from gradcheck.render.terminal import render
from gradcheck.results import Loss, Parameter, Training
from gradcheck.sweep import automatic, power, slope

from .benchmarks import laws
from .benchmarks.judged import STRANGERS
from .folder_hash import unchanged_folder
from .test_results import SCHEMA

# Folder (or file), script, module that holds the mean, the mean, and the same as a sum and as a mean of a mean.
MEANS = {
    "digits": ("digits_no_loss", "train.py", "classifier.py", "delta /= n\n", "delta /= 1\n", "delta /= n * n\n"),
    "huber": ("huber_float32.py", "", "", "/ f4(r.size)", "* 1", "/ f4(r.size) / f4(len(r))"),
    "layers": ("layer_objects", "main.py", "model.py", "/ self.diff.size", "* 1", "/ self.diff.size / len(self.diff)"),
    "modules": ("parent_modules", "ch05/train_neuralnet.py", "ch05/two_layer_net.py", "/ batch_num", "* 1",
                "/ batch_num ** 2"),
}  # fmt: skip
SIZES = {"digits": (16, 32), "huber": (12, 24), "layers": (8, 16), "modules": (14, 30)}
SUMS = ("digits",)  # judged against a standard loss: a sum over rows
EXPONENTS = {"mean": 0, "sum": 1, "double": -1}
RULES = {"sum": "batch-scale-sum", "double": "batch-scale-double-mean"}
PROVEN = ("digits", "huber")  # their rows are followed back to the data, so that one size shows the law


def _copied(name: str, law: str, folder: Path) -> Path:
    source, script, module, mean, *others = MEANS[name]
    target = folder / source
    (shutil.copytree if (STRANGERS / source).is_dir() else shutil.copyfile)(STRANGERS / source, target)  # type: ignore[operator]
    file = target / module if module else target
    text = file.read_text(encoding="utf-8")
    assert text.count(mean) == 1
    file.write_text(text.replace(mean, [mean, *others][list(EXPONENTS).index(law)]), encoding="utf-8")
    return target / script if script else target


@pytest.mark.parametrize("law", EXPONENTS)
@pytest.mark.parametrize("name", MEANS)
def test_the_scale_follows_the_batch_size_exactly(name: str, law: str, tmp_path: Path) -> None:
    script = _copied(name, law, tmp_path)
    small, large = SIZES[name]
    with unchanged_folder(tmp_path):
        report = check_script(script, batch_sizes=SIZES[name])
    table = report.batch_sizes
    assert table is not None and table["sizes"] == [small, large] and table["same_rows"] is True
    assert len(table["parameters"]) == len(report.parameters)
    assert report.trainings[0].batch_size == large
    for parameter, row in zip(report.parameters, table["parameters"], strict=True):
        exponent = math.log(row["ratios"][1] / row["ratios"][0]) / math.log(large / small)
        assert exponent == pytest.approx(EXPONENTS[law], abs=1e-9)
        # What was judged at one size says the same.
        assert parameter.scale is not None
        assert row["ratios"][1] == pytest.approx(parameter.scale * (large if name in SUMS else 1), rel=1e-9)
    proven = {finding.rule for finding in report.findings} & set(RULES.values())
    assert proven == ({RULES[law]} if law in RULES and name in PROVEN else set())
    jsonschema.validate(report.to_json(), SCHEMA)


MODEL = """
import numpy as np
class Model:
    def __init__(self, width=6):
        rng = np.random.default_rng(1)
        self.W, self.V = rng.normal(size=(3, width)), rng.normal(size=(width, 2))
    def train(self, X, Y, rate=0.05, epochs=4, rows=10):
        for epoch in range(epochs):
            for start in range(0, len(X), rows):
                x, t = X[start:start + rows], Y[start:start + rows]
                h = np.tanh(x @ self.W)
                error = h @ self.V - t
                loss = np.mean(np.sum(error ** 2, axis=1))
                dW = x.T @ (2 * error @ self.V.T * (1 - h * h))
                dV = h.T @ (2 * error)
                self.W -= RATE * dW
                self.V -= RATE * dV
"""
DATA = """
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
Y = rng.normal(size=(60, 2))
"""
START = "import sys\nimport numpy as np\nfrom model import Model\n" + DATA
GOVERNED = {
    "default": ("Model().train(X, Y)\n", (), "model.py", 10),
    "call": ("Model(8).train(X, Y, 0.1, rows=12)\n", (), "main.py", 12),
    "division": ("batches = 5\nModel(8).train(X, Y, rows=len(X) // batches)\n", (), "main.py", 5),
    "argument": ("Model().train(X, Y, rows=int(sys.argv[1]))\n", ("15",), "", 15),
}


def _written(folder: Path, end: str, rate: str = "rate / len(x)") -> Path:
    (folder / "model.py").write_text(MODEL.replace("RATE", rate))
    (folder / "main.py").write_text(START + end)
    return folder / "main.py"


@pytest.mark.parametrize("how", GOVERNED)
def test_what_sets_the_size_is_found_by_changing_it(how: str, tmp_path: Path) -> None:
    end, arguments, file, value = GOVERNED[how]
    script = _written(tmp_path, end)
    with unchanged_folder(tmp_path):
        report = check_script(script, batch_sizes=[4, 20], arguments=arguments)
    table = report.batch_sizes
    assert table is not None, report.not_checked
    assert table["sizes"] == [4, 20] and table["same_rows"] is True
    assert {(Path(place["file"]).name, place["value"]) for place in table["changed"]} == {(file, value)}
    assert {row.batch_size for row in report.gradient_norms} == {report.trainings[0].batch_size, 4, 20}


@pytest.mark.parametrize(("rate", "law"), [("rate", "B"), ("rate / len(x)", "1"), ("rate / len(x) ** 2", "1/B")])
def test_a_rate_divided_by_the_batch_size_counts(rate: str, law: str, tmp_path: Path) -> None:
    report = check_script(_written(tmp_path, "Model().train(X, Y)\n", rate), batch_sizes="5,10,20")
    assert report.batch_sizes is not None
    assert [row["law"] for row in report.batch_sizes["parameters"]] == [law, law]
    for row in report.batch_sizes["parameters"]:
        assert row["slope"] == pytest.approx(slope([5, 10, 20], row["norms"]))
    text = render([report], Display(width=90))
    assert "gradient norm at batch size   5 " in text
    assert "the size was changed in line 7, in memory only" in text


WHOLE = (
    START.replace("from model import Model\n", "")
    + """
w = rng.normal(size=(3, 2))
for step in range(6):
    error = X @ w - Y
    loss = np.sum(error ** 2) / 60
    w -= 0.1 * 2 * X.T @ error / 60
"""
)


def test_a_size_that_cannot_be_changed_alone_is_said_and_no_norms_are_compared(tmp_path: Path) -> None:
    script = tmp_path / "whole.py"
    script.write_text(WHOLE)
    report = check_script(script, batch_sizes=(20, 30))
    assert report.verdict == "clean" and report.batch_sizes is not None
    assert [(row.what, row.why) for row in report.not_checked] == [
        (
            "other batch sizes",
            "lines 5, 6, 11, 12 change it, but the initial parameters with it: scales are compared, and norms are not",
        )
    ]
    (row,) = report.batch_sizes["parameters"]
    assert (row["norms"], row["slope"]) == ([None, None], None) and row["ratios"][0] == row["ratios"][1] is not None
    assert {known.batch_size for known in report.gradient_norms} == {60}
    jsonschema.validate(report.to_json(), SCHEMA)


# What a row weighs: rows that mix, a start at zero, a loss for each of two networks, terms that are written over.
WEIGHED = {"batchnorm_dropout.py": 30, "argv_logistic.py": 90, "gan_gaussian.py": 32}


@pytest.mark.parametrize("name", WEIGHED)
def test_what_a_row_weighs_is_known(name: str) -> None:
    size = WEIGHED[name]
    report = check_script(STRANGERS / name, batch_sizes=(size // 2, size))
    assert report.batch_sizes is not None, report.not_checked
    assert len(report.batch_sizes["parameters"]) == len(report.parameters)
    assert {row["law"] for row in report.batch_sizes["parameters"]} == {"1"}


@pytest.mark.parametrize(("name", "size"), [("adam_dictionary.py", 25), ("subtract_out_hinge.py", 20)])
def test_a_correct_script_keeps_the_laws_as_a_sum_a_mean_and_a_double_mean(name: str, size: int) -> None:
    with unchanged_folder(STRANGERS):
        found = laws.held(name, sizes=(size // 2, size))
    assert found.all_kept, found.line()


BY_COUNT = (
    START.replace("from model import Model\n", "")
    + """
w = rng.normal(size=(3, 2))
parts = 5
for epoch in range(4):
    for x, t in zip(np.array_split(X, parts), np.array_split(Y, parts)):
        error = x @ w - t
        loss = 0.5 * np.sum(error ** 2)
        w -= 0.1 * (x.T @ error * (5 / 60))
"""
)


def test_a_divisor_by_the_number_of_batches_goes_with_it(tmp_path: Path) -> None:
    script = tmp_path / "count.py"
    script.write_text(BY_COUNT)
    report = check_script(script, batch_sizes=(6, 12, 30))
    assert report.batch_sizes is not None, report.not_checked
    (row,) = report.batch_sizes["parameters"]
    assert sorted(place["line"] for place in report.batch_sizes["changed"]) == [9, 14]
    assert row["ratios"] == pytest.approx([row["ratios"][0]] * len(row["ratios"]))


@pytest.mark.parametrize("chosen", ["8", "8,x", [0, 4], [], 5, "8,8"])
def test_sizes_that_are_none_are_refused(chosen: object) -> None:
    with pytest.raises(UsageError, match="batch sizes"):
        Options.from_keywords({"batch_sizes": chosen})


@pytest.mark.parametrize(
    ("size", "widths", "sizes"),
    [(32, [], (8, 16, 32)), (32, [32, 31, 8], (7, 16, 30)), (3, [], (3, 6, 12)), (4, [4, 8, 16], (5, 9, 17))],
)
def test_automatic_sizes_are_no_layer_width(size: int, widths: list[int], sizes: tuple[int, ...]) -> None:
    training = Training(0, Loss("unknown", "none"), batch_size=size)
    piece = Piece(training, [Parameter("w", widths, "right")], [], [], [], None, [])
    assert automatic(piece) == sizes


def test_powers_and_slopes() -> None:
    assert [power([2, 3, 5], [4.0 * b**p for b in (2, 3, 5)]) for p in (-2, -1, 0, 1, 2)] == [-2, -1, 0, 1, 2]
    assert power([2, 3, 5], [1.0, 1.0, 1.1]) is None and power([2, 3], [1.0, None]) is None
    assert slope([2, 4, 8], [3.0, 6.0, 12.0]) == pytest.approx(1.0)
    assert slope([2, 4], [0.0, 1.0]) is None


def test_a_report_keeps_its_sweep_through_json(tmp_path: Path) -> None:
    report = check_script(_written(tmp_path, "Model().train(X, Y)\n"), batch_sizes=(5, 10))
    assert Report.from_json(report.to_json()) == report
