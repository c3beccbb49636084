"""Rows are followed back to the data set however a script picks them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck import Report, check_script

# what stands before the loop, and what makes x (12, 3) and t (12, 1) out of X (72, 3) and T (72, 1) in a pass of it
PICKS = {
    "slices of gathers": ("", "o = R.permutation(72)\n    A, B = X[o], T[o]\n    x, t = A[:12], B[:12]"),
    "fancy index": ("", "i = R.permutation(72)[:12]\n    x, t = X[i], T[i]"),
    "take": ("", "i = R.choice(72, 12, replace=False)\n    x, t = np.take(X, i, axis=0), T.take(i, 0)"),
    "list of numbers": ("n = list(range(72))", "random.shuffle(n)\n    x, t = X[n[:12]], T[n[:12]]"),
    "permutation of the table": ("Z = np.hstack([X, T])", "z = R.permutation(Z)[:12]\n    x, t = z[:, :3], z[:, 3:]"),
    "shuffle in place": ("Z = np.c_[X, T]", "R.shuffle(Z)\n    x, t = Z[:12, :3], Z[:12, 3:]"),
    "list of pairs": (
        "p = [(X[k], T[k]) for k in range(72)]",
        "random.shuffle(p)\n    x, t = np.array([a for a, _ in p[:12]]), np.array([b for _, b in p[:12]])",
    ),
    "zip of rows": (
        "p = list(zip(X, T))",
        "random.shuffle(p)\n    x, t = zip(*p[:12])\n    x, t = np.stack(x), np.vstack(t)",
    ),
    "objects": (
        "class S:\n    def __init__(self, a, b):\n        self.a, self.b = a / 2, b\n"
        "p = [S(X[k], T[k]) for k in range(72)]",
        "random.shuffle(p)\n    x, t = np.array([s.a for s in p[:12]]), np.concatenate([s.b[None] for s in p[:12]])",
    ),
    "filled row by row": (
        "",
        "i = R.permutation(72)[:12]\n    x, t = np.zeros((12, 3)), np.empty((12, 1))\n"
        "    for k, j in enumerate(i):\n        x[k] = X[j]\n        t[k] = T[j]",
    ),
    "columns": (
        "C, D = X.T.copy(), T.T.copy()",
        "i = R.permutation(72)[:12]\n    x, t = C[:, i].T, np.ascontiguousarray(D[:, i].T)",
    ),
    "split": ("", "i = np.array_split(R.permutation(72), 6)[0]\n    x, t = X[i], T[i]"),
    "pictures": (
        "G = X.reshape(72, 3, 1).astype(float)",
        "i = R.permutation(72)[:12]\n    x, t = G[i].reshape(12, -1), T[i]",
    ),
    "mask": ("", "m = np.zeros(72, bool)\n    m[R.permutation(72)[:12]] = True\n    x, t = X[m], T[m]"),
}
SCRIPT = """import random
import numpy as np
random.seed(0)
R = np.random.RandomState(0)
X = R.randn(72, 3)
T = np.where(X[:, :1] > 0, 1.0, 0.0) + 0.1 * R.randn(72, 1)
{before}
W, b = 0.1 * R.randn(3, 1), np.zeros((1, 1))
for step in range(60):
    {pick}
    {spoil}
    e = x @ W + b - t
    loss = np.mean(e ** 2)
    W -= 0.1 * (2 * x.T @ e / 12)
    b -= 0.1 * (2 * np.mean(e, axis=0, keepdims=True))
print(loss)
"""


def _report(folder: Path, name: str, spoil: str = "pass") -> Report:
    before, pick = PICKS[name]
    path = folder / "train.py"
    path.write_text(SCRIPT.format(before=before, pick=pick, spoil=spoil))
    return check_script(path, timeout=60)


@pytest.mark.parametrize("name", PICKS)
def test_the_batch_is_counted_and_nothing_is_said_of_it(name: str, tmp_path: Path) -> None:
    report = _report(tmp_path, name)
    assert [t.batch_size for t in report.trainings] == [12]
    assert [(f.rule, f.message) for f in report.findings if f.severity != "note"] == []
    assert [p.verdict for p in report.parameters] == ["right", "right"]


ONE_TABLE = {"permutation of the table", "shuffle in place"}  # columns of one array keep their rows together


@pytest.mark.parametrize("name", [n for n in PICKS if n not in ONE_TABLE])
def test_targets_in_another_order_are_seen(name: str, tmp_path: Path) -> None:
    report = _report(tmp_path, name, spoil="t = t[np.roll(np.arange(12), step % 7 + 3)]")
    assert [f.rule for f in report.findings if f.severity == "error"] == ["mispaired-samples"]


NOT_FOLLOWED = {
    "numbers": ("", "i = R.permutation(72)[:12]\n    x = np.array([[float(v) for v in X[k]] for k in i])"),
    "text": (
        'lines = [" ".join(map(str, row)) for row in X]',
        "random.shuffle(lines)\n    x = np.array([list(map(float, row.split())) for row in lines[:12]])",
    ),
}


@pytest.mark.parametrize("name", NOT_FOLLOWED)
def test_rows_that_become_numbers_or_text_are_not_spoken_of(name: str, tmp_path: Path) -> None:
    before, pick = NOT_FOLLOWED[name]
    path = tmp_path / "train.py"
    path.write_text(SCRIPT.format(before=before, pick=f"{pick}\n    t = T[R.permutation(72)[:12]]", spoil="pass"))
    report = check_script(path, timeout=60)
    assert [f.rule for f in report.findings] == []
    assert [p.verdict for p in report.parameters] == ["right", "right"]
