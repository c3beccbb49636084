"""Many steps: figures are those of a plain computation, what cannot be followed is said, and nothing is left behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from gradcheck import Report, check_script
from gradcheck.errors import UsageError
from gradcheck.hooks import Activations, GradientNorms, Hook, UpdateRatios
from gradcheck.options import Display, Options
from gradcheck.render.plots import plots
from gradcheck.render.steps import BLOCKS, LETTERS, sparkline
from gradcheck.render.terminal import render

from .folder_hash import unchanged_folder
from .test_results import SCHEMA

HEAD = """
import numpy as np
rng = np.random.default_rng(5)
X = rng.normal(size=(24, 4))
Y = rng.normal(size=(24, 2))
"""
MLP = (
    HEAD
    + """
W1, b1 = rng.normal(size=(4, 6)), np.zeros(6)
W2 = 0.5 * rng.normal(size=(6, 2))
rate = 0.2
for step in range(12):
    if step % 3 == 0:
        test = np.maximum(X[:5] @ W1 + b1, 0)
    z = X @ W1 + b1
    h = np.maximum(z, 0)
    q = np.tanh(h @ W2)
    error = q - Y
    loss = np.mean(error ** 2)
    d = 2 * error / error.size * (1 - q ** 2)
    dW2 = h.T @ d
    dz = d @ W2.T * (z > 0)
    dW1, db1 = X.T @ dz, dz.sum(axis=0)
    W1 -= rate * dW1
    b1 -= rate * db1
    W2 = W2 - rate * dW2
    np.maximum(X @ W1 + b1, 0)
    rate *= 0.9
    open("log.txt", "a").write("a line")
"""
)


def computed(count: int) -> dict[str, list[tuple[float, float]]]:
    """(gradient norm, update ratio) by parameter and step of `MLP`, and its dead and saturated shares."""
    rng = np.random.default_rng(5)
    X, Y = rng.normal(size=(24, 4)), rng.normal(size=(24, 2))
    W1, b1, W2 = rng.normal(size=(4, 6)), np.zeros(6), 0.5 * rng.normal(size=(6, 2))
    out: dict[str, list[Any]] = {name: [] for name in ("W1", "b1", "W2", "shares")}
    for step in range(count):
        rate = 0.2 * 0.9**step
        z = X @ W1 + b1
        h = np.maximum(z, 0)
        q = np.tanh(h @ W2)
        d = 2 * (q - Y) / q.size * (1 - q**2)
        dz = d @ W2.T * (z > 0)
        for name, gradient, value in (("W1", X.T @ dz, W1), ("b1", dz.sum(0), b1), ("W2", h.T @ d, W2)):
            norm, size = np.linalg.norm(gradient), np.linalg.norm(value)
            out[name].append((norm, rate * norm / size if size else None))
        W2 = W2 - rate * (h.T @ d)
        W1 = W1 - rate * X.T @ dz
        b1 = b1 - rate * dz.sum(0)
        out["shares"].append((np.mean(~h.any(axis=0)), np.mean(np.abs(q) > 0.98)))
    return out


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, list[Any]]:
    folder = tmp_path_factory.mktemp("steps")
    (folder / "mlp.py").write_text(MLP)
    hooks = [GradientNorms(), UpdateRatios(), Activations(), Arrays()]
    with unchanged_folder(folder):
        return check_script(folder / "mlp.py", steps=10, hooks=hooks), hooks


class Arrays(Hook):
    """Keeps the gradients, and the updates with what they were added to."""

    def __init__(self) -> None:
        self.gradients: list[Any] = []
        self.updates: list[Any] = []

    def gradient(self, parameter: str, gradient: Any, batch_size: int | None, step: int) -> None:
        self.gradients.append((parameter, step, batch_size, gradient))

    def update(self, parameter: str, update: Any, value: Any, step: int) -> None:
        self.updates.append((parameter, step, update, value))


def test_figures_are_those_of_a_plain_computation(followed: tuple[Report, list[Any]]) -> None:
    report, _ = followed
    data, truth = report.steps, computed(10)
    assert data is not None, report.not_checked
    assert (data["asked"], data["done"], data["stopped"], data["training"]) == (10, 10, "", 0)
    assert [row["name"] for row in data["parameters"]] == ["W1", "b1", "W2"]
    for row in data["parameters"]:
        norms, ratios = zip(*truth[row["name"]], strict=True)
        assert row["gradient_norms"] == pytest.approx(norms, rel=1e-5)
        assert row["update_ratios"][1:] == pytest.approx(ratios[1:], rel=1e-5)
        assert row["update_ratios"][0] == (pytest.approx(ratios[0], rel=1e-5) if ratios[0] else None)
    assert [row.norm for row in report.gradient_norms] == pytest.approx(
        [norm for row in data["parameters"] for norm in row["gradient_norms"][:2]], rel=1e-5
    )


def test_activations_are_those_of_the_training_pass_alone(followed: tuple[Report, list[Any]]) -> None:
    report, _ = followed
    assert report.steps is not None
    relu, tanh = report.steps["activations"]
    assert (relu["name"], relu["line"], relu["saturated"]) == ("np.maximum(z, 0) after W1", 14, None)
    dead, saturated = zip(*computed(10)["shares"], strict=True)
    assert relu["dead"] == pytest.approx(dead) and tanh["saturated"] == pytest.approx(saturated, rel=1e-5)
    assert tanh["name"] == "np.tanh(h @ W2) after W2"


def test_hooks_hear_of_each_step_once(followed: tuple[Report, list[Any]]) -> None:
    report, (norms, ratios, activations, arrays) = followed
    assert report.steps is not None
    for row in report.steps["parameters"]:
        assert norms.of(row["name"]) == pytest.approx(row["gradient_norms"], rel=1e-5)
        told = [ratio for name, ratio, _ in ratios.rows if name == row["name"]]
        assert told[1:] == pytest.approx(row["update_ratios"][1:], rel=1e-5)
    assert [step for *_, step in norms.rows] == [step for step in range(1, 11) for _ in range(3)]
    for row in report.steps["activations"]:
        assert [dead for name, dead, *_ in activations.rows if name == row["name"]] == pytest.approx(row["dead"])
    for (name, step, size, gradient), (_, _, update, value) in zip(arrays.gradients, arrays.updates, strict=True):
        assert gradient.shape == update.shape == value.shape and size == 24, name
        np.testing.assert_allclose(update, -0.2 * 0.9 ** (step - 1) * gradient, rtol=1e-9, atol=1e-15)


def test_the_report_keeps_them_through_json_and_draws_them(followed: tuple[Report, list[Any]]) -> None:
    report, _ = followed
    data = json.loads(json.dumps(report.to_json()))
    jsonschema.validate(data, SCHEMA)
    assert Report.from_json(data) == report
    told = {plot.slug: plot.sentence for plot in plots(report)}
    assert told["steps"] == "Norm of each gradient over 10 steps."
    assert "in the end. About 1e-03 is usual." in told["ratios"]


def test_the_terminal_shows_courses_in_letters_or_blocks(followed: tuple[Report, list[Any]]) -> None:
    text = render([followed[0]], Display(width=100))
    assert text.isascii() and " over 10 steps" in text and "np.maximum(z, 0) after W1" in text
    assert any(block in render([followed[0]], Display(width=100, blocks=True)) for block in BLOCKS)
    assert sparkline([1.0, 10.0, 100.0], blocks=False) == LETTERS[0] + LETTERS[4] + LETTERS[-1]
    assert sparkline([0.0, None, 0.5, 1.0], blocks=False, share=True) == "_ =#"[0] + " " + LETTERS[4] + LETTERS[-1]


def test_a_script_with_fewer_steps_says_how_many(tmp_path: Path) -> None:
    (tmp_path / "mlp.py").write_text(MLP)
    report = check_script(tmp_path / "mlp.py", steps=50)
    assert report.steps is not None and (report.steps["done"], report.steps["stopped"]) == (12, "script")
    assert "the script itself takes 12 steps; 50 were asked for" in render([report], Display(width=100))


# Parameters that one loss trains, each by what is named: before the loop, and in it. `g` is the gradient.
WAYS = {
    "plain": ("", "plain -= 0.1 * g"),
    "new": ("", "new = new - 0.1 * g"),
    "named": ("named_rate = 0.1", "named -= named_rate * X.T @ (2 * error / error.size)\n    named_rate *= 0.95"),
    "held['W']": ("held = {'W': held}", "held['W'] -= 0.1 * g"),
    "passed": ("def descend(p, d, rate=0.1):\n    p -= rate * d", "descend(passed, g)"),
    "heavy": ("speed = np.zeros_like(heavy)", "speed = 0.9 * speed - 0.1 * g\n    heavy += speed"),
    "output": ("", "np.subtract(output, 0.1 * g, out=output)"),
    "sliced": ("", "sliced[:] = sliced - 0.1 * g"),
    "rows": ("", "rows[[0, 1, 3, 2]] -= 0.1 * g[[0, 1, 3, 2]]"),
    "decayed": ("", "decayed *= 0.999\n    decayed -= 0.1 * g"),
    "returned": ("def moved(ps, gs):\n    return [p - 0.1 * d for p, d in zip(ps, gs)]",
                 "(returned,) = moved([returned], [g])"),
    "buffered": ("buffer = np.zeros_like(buffered)", "buffer += g\n    buffered -= 0.1 * buffer\n    buffer[...] = 0"),
}  # fmt: skip
MEAN = "    error = X @ {} - Y\n    loss += np.mean(error ** 2)\n    g = 2 * X.T @ error / error.size\n"


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Report:
    script = tmp_path_factory.mktemp("ways") / "ways.py"
    lines = [HEAD, "W = rng.normal(size=(4, 2))\n"]
    for name, (before, _) in WAYS.items():
        lines.append(f"{name.partition('[')[0]} = W.copy()\n{before}\n")
    lines.append("for step in range(20):\n    loss = 0.0\n")
    lines += [MEAN.format(name) + f"    {update}\n" for name, (_, update) in WAYS.items()]
    script.write_text("".join(lines))
    return check_script(script, steps=15)


@pytest.mark.parametrize("name", WAYS)
def test_ways_to_write_an_update(name: str, ways: Report) -> None:
    assert ways.steps is not None, ways.not_checked
    row = next((row for row in ways.steps["parameters"] if row["name"] == name), None)
    assert row is not None, ways.not_checked
    assert ways.verdict == "clean"
    norms, ratios = _plainly(name)
    assert row["update_ratios"] == pytest.approx(ratios, rel=1e-5)
    if row["gradient_norms"] is None:
        told = [note.what for note in ways.not_checked if note.what.startswith("the gradient's norm by step of ")]
        assert any(name in what for what in told) and name in ("rows", "output", "decayed", "sliced")
    else:
        # With a speed the rate is a part of what is judged, as in the norms of the judged steps.
        factor = 0.1 if name == "heavy" else 1.0
        assert row["gradient_norms"] == pytest.approx([factor * norm for norm in norms], rel=1e-5)


def _plainly(name: str) -> tuple[list[float], list[float]]:
    """Gradient norms and update ratios of the first 15 steps of a way."""
    rng = np.random.default_rng(5)
    X, Y, W = rng.normal(size=(24, 4)), rng.normal(size=(24, 2)), rng.normal(size=(4, 2))
    velocity, norms, ratios = np.zeros_like(W), [], []
    for step in range(15):
        g = 2 * X.T @ (X @ W - Y) / Y.size
        moved = -0.1 * (0.95**step if name == "named" else 1.0) * g
        if name == "heavy":
            velocity = moved = 0.9 * velocity + moved
        moved = moved - 0.001 * W if name == "decayed" else moved
        norms.append(float(np.linalg.norm(g)))
        ratios.append(float(np.linalg.norm(moved) / np.linalg.norm(W)))
        W = W + moved
    return norms, ratios


LISTS = """
xs, ys, w = [1.0, 2.0, 3.0], [2.0, 4.0, 6.5], [0.1, 0.2]
for i in range(30):
    g = [0.0, 0.0]
    loss = 0.0
    for x, y in zip(xs, ys):
        error = w[0] * x + w[1] - y
        loss += error ** 2
        g[0] += 2 * error * x
        g[1] += 2 * error
    for j in range(2):
        w[j] -= 0.01 * g[j]
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LISTS, ("the steps of w", "its numbers are updated one by one")),
        ("print('nothing')\n", ("the steps", "no training step was found")),
    ],
)
def test_what_cannot_be_followed_is_said(text: str, told: tuple[str, str], tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(text)
    norms = GradientNorms()
    report = check_script(script, steps=5, hooks=[norms])
    assert report.steps is None
    assert told in [(note.what, note.why) for note in report.not_checked]


TRAINING = "for step in range(20):\n    loss = 0.0\n" + MEAN.format("W") + "    W -= 0.1 * g\n"


def test_a_run_that_goes_another_way_is_not_believed(tmp_path: Path) -> None:
    script = tmp_path / "entropy.py"
    odd = "import secrets\nX = X * (1 + secrets.randbelow(1000) / 1000)\nW = np.zeros((4, 2))\n"
    script.write_text(HEAD + odd + TRAINING)
    report = check_script(script, steps=5)
    assert report.verdict == "clean" and report.steps is None
    told = [(note.what, note.why) for note in report.not_checked]
    assert told == [("the steps of W", "the figures of the first steps are not those that were judged")]


SLOW = HEAD + "import time\nW = np.zeros((4, 2))\n" + TRAINING.replace("20)", "100000)") + "    time.sleep(0.01)\n"


def test_the_time_limit_keeps_what_was_complete(tmp_path: Path) -> None:
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    report = check_script(script, steps=100_000, timeout=5)
    assert report.steps is not None and report.steps["stopped"] == "time limit"
    assert 0 < report.steps["done"] < 1000
    assert len(report.steps["parameters"][0]["gradient_norms"]) == report.steps["done"]


def test_an_interrupt_keeps_what_was_complete(tmp_path: Path) -> None:
    script = tmp_path / "slow.py"
    script.write_text(SLOW.replace("time.sleep", "step == 60 and print('sixty', flush=True); time.sleep"))
    command = [sys.executable, "-m", "gradcheck", str(script), "--steps", "5000", "--format", "json", "--show-output"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None and "sixty" in process.stderr.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        text, _ = process.communicate(timeout=20)
    data = json.loads(text)
    assert process.returncode == 130 and data["verdict"] == "clean"
    assert data["steps"]["stopped"] == "interrupt" and 50 < data["steps"]["done"] < 200


@pytest.mark.parametrize("chosen", [0, -3, "many", 2.5, True])
def test_counts_that_are_none_are_refused(chosen: object) -> None:
    with pytest.raises(UsageError, match="steps"):
        Options.from_keywords({"steps": chosen})
