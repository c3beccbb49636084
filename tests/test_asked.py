"""`--loss`, `--maximize`, `--follow`: what the user says of a script counts, and is answered where it cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gradcheck import cli

SCRIPT = """\
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(32, 4)); y = X @ np.array([1., 2., -1., .5]) + .1
w, b = rng.normal(size=4), 0.0
def cost(p, y):
    return np.mean((p - y) ** 2)
class Model:
    def penalty(self, w):
        return 0.5 * np.sum(w * w)
model = Model()
history = []
for epoch in range(20):
    p = X @ w + b
    loss = cost(p, y)
    total = loss + 0.1 * model.penalty(w)
    model.spread = np.abs(
        p - y).mean()
    history.append(total)
    dw = X.T @ (p - y) / len(X) * 2
    db = 2 * np.mean(p - y)
    w -= 0.1 * dw
    b -= 0.1 * db
"""


PLAIN = SCRIPT.replace("loss + 0.1 * model.penalty(w)", "loss + 0.1")  # the gradients are those of what is reported


@pytest.fixture
def judged(tmp_path: Path, capsys: Any):
    """Runs a script with options; gives the loss's line and each parameter's verdict and reason."""

    def run(*arguments: str, text: str = SCRIPT) -> tuple[int | None, dict[str, str], str]:
        (tmp_path / "model.py").write_text(text)
        cli.main([str(tmp_path / "model.py"), *arguments, "--format", "json"])
        report = json.loads(capsys.readouterr().out)
        parameters = report["parameters"]
        reason = next((p["reason"] for p in parameters if p["reason"]), "")
        return report["loss"]["line"], {p["name"]: p["verdict"] for p in parameters}, reason

    return run


RIGHT = {"w": "right", "b": "right"}
PENALIZED = {"w": "wrong", "b": "right"}
NAMED = [
    ("loss", 6, RIGHT),
    ("cost", 6, RIGHT),
    ("14", 6, RIGHT),
    ("model.py:6", 6, RIGHT),
    ("total", 15, PENALIZED),
    ("history", 15, PENALIZED),
    ("15", 15, PENALIZED),
    ("Model.penalty", 9, {"w": "wrong", "b": "not_judged"}),
    ("penalty", 9, {"w": "wrong", "b": "not_judged"}),
    ("spread", 16, {"w": "wrong", "b": "not_judged"}),
    ("model.spread", 16, {"w": "wrong", "b": "not_judged"}),
    ("17", 16, {"w": "wrong", "b": "not_judged"}),
]


@pytest.mark.parametrize(("name", "line", "verdicts"), NAMED, ids=[row[0] for row in NAMED])
def test_the_loss_named_is_the_one_judged_against(name: str, line: int, verdicts: Any, judged: Any) -> None:
    found_line, found, _ = judged("--loss", name)
    assert found_line == line
    assert {k: v.replace("_up_to_scale", "") for k, v in found.items()} == {
        k: v.replace("_up_to_scale", "") for k, v in verdicts.items()
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("los", "a name `loss` exists"),
        ("Cost", "a name `cost` exists"),
        ("X", "known are: cost, "),
        ("3", "there are some on the lines 6, 9, 15, 16"),
        ("other.py:6", "there are some on the lines"),
    ],
)
def test_a_name_that_is_no_loss_is_answered_with_those_that_are(name: str, words: str, judged: Any) -> None:
    line, verdicts, reason = judged("--loss", name)
    assert (line, set(verdicts.values())) == (None, {"not_judged"})
    assert reason.startswith(f"`--loss {name}` is no number that the step computes") and words in reason


def test_a_loss_computed_elsewhere_only_is_no_ground_for_an_error(judged: Any) -> None:
    text = SCRIPT.replace("    loss = cost(p, y)\n    total = loss + 0.1", "    total = 0.1")
    text += "    if epoch % 5 == 4:\n        print(cost(X @ w + b, y))\n"
    line, verdicts, reason = judged("--loss", "cost", text=text)
    assert (line, set(verdicts.values())) == (None, {"not_judged"}) and "`--loss cost` is no number" in reason


def test_a_guarded_logarithm_that_is_named_is_judged_without_its_guard(judged: Any) -> None:
    text = """
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(32, 4)); y = (X.sum(1) > 0) * 1.0
w = rng.normal(size=4)
for epoch in range(20):
    p = 1 / (1 + np.exp(-X @ w))
    score = -np.mean(y * np.log(p + 1e-9) + (1 - y) * np.log(1 - p + 1e-9))
    w -= 0.1 * (X.T @ (p - y) / len(X))
"""
    assert judged("--loss", "score", text=text)[:2] == (8, {"w": "right"})


def test_climbing_is_an_error_unless_it_is_said_to_be_meant(judged: Any) -> None:
    text = PLAIN.replace("-= 0.1", "+= 0.01")
    assert judged(text=text)[1] == {"w": "wrong", "b": "wrong"}
    assert judged("--maximize", text=text)[1] == RIGHT


def test_an_installed_package_is_followed_when_asked(tmp_path: Path, monkeypatch: Any, judged: Any) -> None:
    package = tmp_path / "site-packages" / "mylib"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(PLAIN)
    script = f"import sys; sys.path.insert(0, {str(package.parent)!r})\nimport mylib\n"
    report = tmp_path / "report.json"
    for arguments, verdicts in ([], []), (["--follow", "mylib"], ["right", "right"]), (["--follow", "mylibs"], []):
        (tmp_path / "main.py").write_text(script)
        cli.main([str(tmp_path / "main.py"), "--format", "json", "--output", str(report), *arguments])
        assert [p["verdict"] for p in json.loads(report.read_text())["parameters"]] == verdicts


def test_a_penalty_that_is_reported_is_missed_in_the_gradient(judged: Any) -> None:
    assert judged()[:2] == (15, {"w": "wrong", "b": "right"})
