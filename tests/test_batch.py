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
