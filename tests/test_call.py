"""Modules that only define: the calls that are offered, and `--call` with data that is made to fit."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.check import check_script
from gradcheck.definitions import entry_points
from gradcheck.record import madeup
from gradcheck.render import render
from gradcheck.results import Report

NET = """\
import numpy as np

class Net:
    def __init__(self, sizes, lr=0.1):
        self.W = [np.random.randn(a, b) * 0.5 for a, b in zip(sizes, sizes[1:])]
        self.lr = lr

    def forward(self, X):
        self.a = [X]
        for W in self.W[:-1]:
            self.a.append(np.tanh(self.a[-1] @ W))
        z = self.a[-1] @ self.W[-1]
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    def fit(self, X, y, epochs=50):
        Y = ENCODED
        for _ in range(epochs):
            p = self.forward(X)
            loss = -np.mean(np.sum(Y * np.log(p), 1))
            d = (p - Y) / len(X)
            for i in reversed(range(len(self.W))):
                g = self.a[i].T @ d
                d = d @ self.W[i].T * (1 - self.a[i] ** 2)
                self.W[i] -= self.lr * g
        return self

def helper(a):
    return a
"""
WHOLE = NET.replace("ENCODED", "np.eye(self.W[-1].shape[1])[y]")
ONE_HOT = NET.replace("ENCODED", "y * 1.0\n        assert len(np.argmax(y, axis=1)) == len(X)")
COLUMN = NET.replace("ENCODED", "np.eye(self.W[-1].shape[1])[y[:, 0]]")

COLUMNS = """\
import numpy as np

def propagate(w, b, X, Y):
    A = 1 / (1 + np.exp(-(np.dot(w.T, X) + b)))
    cost = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / X.shape[1]
    return np.dot(X, (A - Y).T) / X.shape[1], np.sum(A - Y) / X.shape[1], cost

def model(X, Y, steps=50, rate=0.1):
    assert X.shape == (3, Y.shape[1])
    w, b = np.zeros((3, 1)), 0.0
    for i in range(steps):
        dw, db, cost = propagate(w, b, X, Y)
        w = w - rate * dw
        b = b - rate * db
    return w, b
"""

PAIRS = """\
import random
import numpy as np

class Network:
    def __init__(self, sizes):
        self.weights = [np.random.randn(y, x) for x, y in zip(sizes[:-1], sizes[1:])]

    def SGD(self, training_data, epochs, size, eta, test_data=None):
        for j in range(epochs):
            random.shuffle(training_data)
            for k in range(0, len(training_data), size):
                self.update_mini_batch(training_data[k:k + size], eta)
            print(sum(int(np.argmax(self.forward(x)) == y) for x, y in test_data or []))

    def update_mini_batch(self, batch, eta):
        sums = [np.zeros(w.shape) for w in self.weights]
        for x, y in batch:
            sums = [s + g for s, g in zip(sums, self.backprop(x, y))]
        self.weights = [w - (eta / len(batch)) * s for w, s in zip(self.weights, sums)]

    def forward(self, a):
        self.a = [a]
        for w in self.weights:
            self.a.append(1 / (1 + np.exp(-(w @ self.a[-1]))))
        return self.a[-1]

    def backprop(self, x, y):
        out = self.forward(x)
        delta = (out - y) * out * (1 - out)
        second = delta @ self.a[-2].T
        first = (self.weights[1].T @ delta * self.a[1] * (1 - self.a[1])) @ x.T
        return [first, second]
"""

LISTS = """\
def learn(rows, targets, rate=0.05):
    assert type(rows) is list and type(rows[0]) is list
    w = [0.0] * len(rows[0])
    for epoch in range(5):
        for row, t in zip(rows, targets):
            p = sum(a * b for a, b in zip(w, row))
            loss = (p - t) ** 2
            for i in range(len(w)):
                w[i] -= rate * 2 * (p - t) * row[i]
"""

IMAGES = """\
import numpy as np

def train(images, labels):
    n, one, height, width = images.shape
    W = np.zeros((784, 10))
    for step in range(4):
        x = images.reshape(n, -1)
        e = np.exp(x @ W - (x @ W).max(1, keepdims=True))
        p = e / e.sum(1, keepdims=True)
        loss = -np.mean(np.log(p[np.arange(n), labels]))
        d = p.copy()
        d[np.arange(n), labels] -= 1
        W -= 0.1 * x.T @ d / n
"""


def run(folder: Path, text: str, call: str | None = None, **options: Any) -> Report:
    (folder / "net.py").write_text(text)
    return check_script(folder / "net.py", call=call, **options)


DRIVEN = [
    (WHOLE, "Net([4, 8, 3]).fit(X, y)", "X 200 x 4 float64, y 200 int64; 3 classes as numbers"),
    (WHOLE, "Net([4, 200, 3]).fit(X, y)", "X 200 x 4 float64, y 200 int64; 3 classes as numbers"),
    (WHOLE, "Net(sizes=(5, 2), lr=0.2).fit(data, y=labels)", "data 200 x 5 float64, labels 200 int64; 2 classes"),
    (ONE_HOT, "Net([4, 8, 3]).fit(X, y)", "X 200 x 4 float64, y 200 x 3 float64; 3 classes one-hot (1 before"),
    (COLUMN, "Net([4, 8, 3]).fit(X, y)", "X 200 x 4 float64, y 200 x 1 int64; 3 classes in a column (2 before"),
    (COLUMNS, "model(X_train, Y_train)", "X_train 3 x 200 float64, Y_train 1 x 200 float64; 0 or 1 in a column, one"),
    (PAIRS, "Network([5, 4, 3]).SGD(a, 2, 10, 3.0)", "a a list of 200; pairs of columns (input, one-hot target)"),
    (PAIRS, "Network([5, 4, 3]).SGD(a, 2, 10, 3.0, test_data=b)", "a a list of 200, b a list of 200; pairs of columns"),
    (LISTS, "learn(rows, targets)", "rows a list of 200, targets a list of 200; 3 classes as numbers, as lists"),
    (IMAGES, "train(x, t)", "x 200 x 1 x 28 x 28 float64, t 200 int64; 10 classes as numbers, pictures"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "call", "said"), DRIVEN, ids=[row[2][:60] for row in DRIVEN])
def test_data_is_made_to_fit_and_said(text: str, call: str, said: str, tmp_path: Path) -> None:
    report = run(tmp_path, text, call)
    assert report.outcome is not None and report.outcome.kind in ("finished", "cut"), report.outcome
    assert report.changed[0].startswith(f"made-up data was given to --call: {said}")
    verdicts = {row.verdict for row in report.parameters}
    assert verdicts and verdicts <= {"right", "right_up_to_scale"}
    assert [path.name for path in tmp_path.iterdir()] == ["net.py"]


def test_a_wrong_gradient_is_found_in_a_driven_module(tmp_path: Path) -> None:
    report = run(tmp_path, WHOLE.replace("(1 - self.a[i] ** 2)", "(1 + self.a[i] ** 2)"), "Net([4, 8, 3]).fit(X, y)")
    assert report.verdict == "errors"
    assert [(row.shape, row.verdict) for row in report.parameters] == [([8, 3], "right"), ([4, 8], "wrong")]


def test_names_that_the_module_has_are_its_own(tmp_path: Path) -> None:
    data = "\nX = np.random.randn(7, 4)\ny = np.arange(7) % 3\n"
    report = run(tmp_path, WHOLE + data, "Net([4, 8, 3]).fit(X, y)")
    assert report.parameters and not any("made-up" in words for words in report.changed)


def test_where_no_form_fits_the_first_is_shown(tmp_path: Path) -> None:
    report = run(tmp_path, "def train(X, y):\n    raise ValueError('no ' + type(X).__name__)\n", "train(X, y)")
    assert report.outcome is not None and report.outcome.message == "ValueError: no ndarray"
    assert report.changed[0].startswith("made-up data was given to --call, but none of ")


def test_no_stand_ins_makes_nothing_up(tmp_path: Path) -> None:
    report = run(tmp_path, WHOLE, "Net([4, 8, 3]).fit(X, y)", stand_ins=False)
    assert report.outcome is not None and report.outcome.message == "NameError: name 'X' is not defined"
    assert [(row.what, row.why.partition(";")[0]) for row in report.not_checked] == [
        ("data of X and y in --call", "--no-stand-ins was given")
    ]


def test_trying_leaves_nothing_behind(tmp_path: Path) -> None:
    """Each form is tried in a fork: the module's state, its random numbers and its output are those of one call."""
    text = "import numpy as np\ncalls = []\ndef train(X, y, sizes):\n    calls.append(1)\n"
    text += "    assert y.shape[1] == 3\n    print(len(calls), np.random.rand())\n    raise SystemExit(0)\n"
    report = run(tmp_path, text, "train(X, y, [4, 3])")
    assert report.changed[0].endswith("3 classes one-hot (1 before it did not fit)")
    assert report.outcome is not None and report.outcome.kind == "exit"
    assert report.outcome.output_tail == f"1 {np.random.RandomState(0).rand()}"


NAMES = [
    ("train(X, y)", ["X", "y"]),
    ("Net([n, 3]).fit(b, a, epochs=k)", ["n", "b", "a", "k"]),
    ("Missing(X).fit()", ["X"]),
    ("[train(x) for x in Xs]", ["Xs"]),
    ("print(len(known), X.shape, np.zeros(3))", ["X"]),
    ("train(", []),
]


@pytest.mark.parametrize(("call", "names"), NAMES)
def test_which_names_are_made_up(call: str, names: list[str]) -> None:
    assert madeup.missing_names(call, {"known": 1, "np": np}) == names


def test_sizes_are_read_from_the_call() -> None:
    assert madeup.sizes_of("Net([4, 8, 3], 7).fit(X, y, 100)")[0] == (4, 3)
    assert madeup.sizes_of("Net(6, 2).fit(X, y)")[0] == (6, 2)
    assert madeup.sizes_of("fit(X, y)") == list(madeup.CUSTOMARY)


def test_made_up_classes_can_be_learned() -> None:
    form = next(madeup.forms("Net([4, 3]).fit(X, y, X_test, y_test)", ["X", "y", "X_test", "y_test"]))
    X, y, X_test, y_test = form.values.values()
    weights = np.linalg.lstsq(X, np.eye(3)[y], rcond=None)[0]
    assert np.mean(np.argmax(X_test @ weights, 1) == y_test) > 0.75
    assert not np.array_equal(X, X_test) and min(np.bincount(y)) > 20


OFFERED = [
    (WHOLE, ["Net(sizes).fit(X, y)"]),
    (COLUMNS, ["model(X, Y)"]),
    (PAIRS, ["Network(sizes).SGD(training_data, epochs, size, eta)"]),
    (LISTS, ["learn(rows, targets)"]),
    ("def f(a, *, b, c=1): pass\ndef _g(x): pass\nclass C:\n    def __init__(self, n): pass\n", ["f(a, b=b)", "C(n)"]),
    ("def count(xs):\n    n = 0\n    for x in xs:\n        n += 1\n    return n\n", ["count(xs)"]),
    ("def step(w, g):\n    w -= 0.1 * g\ndef go(w, data):\n    while True:\n        step(w, data)\n", ["go(w, data)"]),
    ("class M:\n    def train(self):\n        for i in x:\n            self.w = self.w - 0.1 * g\n", ["M().train()"]),
    ("x = 1\n", []),
    ("this is no Python\n", []),
]


@pytest.mark.parametrize(("text", "calls"), OFFERED, ids=[str(row[1]) for row in OFFERED])
def test_calls_are_offered(text: str, calls: list[str]) -> None:
    assert entry_points([text]) == calls
    for call in calls:
        ast.parse(call)


def test_the_report_lists_the_calls(tmp_path: Path) -> None:
    report = run(tmp_path, WHOLE)
    assert report.script["entry_points"] == ["Net(sizes).fit(X, y)"]
    report.script["path"] = "net.py"
    text = render([report], "text")
    assert (
        "    next  if the file only defines things, let it train (data that is not defined is made up):\n"
        '          gradcheck net.py --call "Net(sizes).fit(X, y)"\n'
    ) in text
