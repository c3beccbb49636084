"""Batch sizes found by computation, and the norms of the script's own gradients in the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradcheck import check_script

from .benchmarks.judged import STRANGERS

# Rows, columns, one sample at a time, loops over samples, convolutions, shared weights; None: rows mix, or are time.
SIZES = {
    "trask_two_layers.py": 5,
    "deep_columns.py": 90,
    "column_vector_network.py": 10,
    "layer_objects/main.py": 16,
    "reta_escalar.py": 7,
    "python_lists_xor.py": 1,
    "own_query_network.py": 1,
    "inplace_delta.py": 1,
    "conv_by_loops.py": 1,
    "im2col_cnn/train.py": 20,
    "huber_float32.py": 24,
    "triplet_embedding.py": 12,
    "closures_kl.py": 48,
    "attention_copy/main.py": None,
}


@pytest.mark.parametrize(("path", "size"), SIZES.items(), ids=list(SIZES))
def test_the_batch_size_is_what_the_step_sums_over(path: str, size: int | None) -> None:
    report = check_script(STRANGERS / path)
    assert {training.batch_size for training in report.trainings} == {size}
    assert {row.batch_size for row in report.gradient_norms} == {size}


REUSED = """
import numpy as np
rng = np.random.default_rng(3)
X, y = rng.normal(size=(12, 4)), rng.normal(size=12)
w, g = rng.normal(size=4), np.zeros(4)
for step in range(6):
    error = X @ w - y
    g += X.T @ error / 12
    w -= 0.1 * g
    loss = np.mean(error ** 2) / 2
    g[...] = 0.0
"""


def test_a_gradient_is_seen_before_it_is_zeroed(tmp_path: Path) -> None:
    script = tmp_path / "reused.py"
    script.write_text(REUSED)
    report = check_script(script)
    rng = np.random.default_rng(3)
    X, y, w = rng.normal(size=(12, 4)), rng.normal(size=12), rng.normal(size=4)
    norms = []
    for _ in range(2):
        g = X.T @ (X @ w - y) / 12
        norms.append(float(np.linalg.norm(g)))
        w -= 0.1 * g
    assert [(row.parameter, row.step, row.batch_size) for row in report.gradient_norms] == [("w", 1, 12), ("w", 2, 12)]
    assert [row.norm for row in report.gradient_norms] == pytest.approx(norms, rel=1e-9)


LISTS = """
import random
random.seed(1)
data = [[random.uniform(-1, 1) for _ in range(3)] for _ in range(15)]
target = [2 * a - b for a, b, c in data]

class Line:
    def __init__(self):
        self.w, self.b = [0.1, 0.2, 0.3], 0.0
    def predict(self, x):
        return sum(wi * xi for wi, xi in zip(self.w, x)) + self.b
    def cost(self):
        total = 0.0
        for x, t in zip(data, target):
            d = self.predict(x) - t
            total += d * d
        return total / len(data)
    def fit(self):
        last = self.cost()
        for it in range(8):
            dw, db = [0.0] * 3, 0.0
            for x, t in zip(data, target):
                e = self.predict(x) - t
                db += 2 * e
                for j, xj in enumerate(x):
                    dw[j] += 2 * e * xj
            self.w = [wj - 0.1 * g / len(data) for wj, g in zip(self.w, dw)]
            self.b -= 0.1 * db / len(data)
            now = self.cost()
            if last - now < 1e-9:
                break
            last = now

line = Line()
line.fit()
"""
OUTPUTS = """
import random
random.seed(1)
data = [[random.uniform(-1, 1) for _ in range(3)] for _ in range(16)]
w = [[0.1, 0.2, 0.3], [0.3, -0.1, 0.2]]
for it in range(8):
    total, dw = 0.0, [[0.0] * 3, [0.0] * 3]
    for x in data:
        for k in range(2):
            e = sum(w[k][j] * x[j] for j in range(3)) - x[k]
            total += e * e
            for j in range(3):
                dw[k][j] += 2 * e * x[j]
    for k in range(2):
        for j in range(3):
            w[k][j] -= 0.1 * dw[k][j] / 16
"""
FEATURES = """
import numpy as np
rng = np.random.default_rng(0)
w, c = rng.normal(size=6), 0.3
for it in range(8):
    x, t = rng.normal(size=6), rng.normal()
    e = np.sum(w * x) + c - t
    loss = e ** 2
    w -= 0.05 * 2 * e * x
    c -= 0.05 * 2 * e
"""


@pytest.mark.parametrize(
    ("text", "size"),
    [(LISTS, 15), (OUTPUTS, None), (FEATURES, None)],
    ids=["a cost after the update", "rows of two outputs", "features with weights of their own"],
)
def test_what_is_added_up_but_no_row_is_not_counted(text: str, size: int | None, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(text)
    report = check_script(script)
    assert (report.verdict, [training.batch_size for training in report.trainings]) == ("clean", [size])
