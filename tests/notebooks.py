"""Notebook files for tests, as Jupyter writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def write_notebook(path: Path, *cells: str, metadata: dict[str, Any] = PYTHON) -> Path:
    """A notebook of format 4 with a code cell for each text; a text that starts with "# " is a cell of Markdown."""
    kinds = ["markdown" if text.startswith("# ") else "code" for text in cells]
    made = [
        {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for kind, text in zip(kinds, cells, strict=True)
    ]
    path.write_text(json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}))
    return path


def write_old_notebook(path: Path, *cells: str) -> Path:
    """The same in format 3: one worksheet, the code under "input" in one text."""
    made = [{"cell_type": "code", "language": "python", "input": text, "outputs": []} for text in cells]
    made.insert(0, {"cell_type": "markdown", "source": ["# Title"]})  # type: ignore[dict-item]
    data = {"worksheets": [{"cells": made}], "metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0}
    path.write_text(json.dumps(data))
    return path


#: Two layers; the derivative of the sigmoid in cell 2 has a wrong sign (`1 + s`), used in cell 4 on line 6.
BROKEN = (
    "# A title",
    "%matplotlib inline\nimport numpy as np\nfrom IPython.display import display\n\n!pip install x\nnp.random.seed(0)",
    "",
    "def sigmoid(x):\n    return 1 / (1 + np.exp(-x))\n\ndef slope(s):\n    return s * (1 + s)\n",
    "%%time\nX = np.random.randn(40, 3)\ny = (X.sum(1, keepdims=True) > 0) * 1.0\nW1 = np.random.randn(3, 4)\n"
    "W2 = np.random.randn(4, 1)\nfiles = !ls\n%timeit -n 10 np.dot(X, W1)",
    "# Training",
    "for i in range(100):\n"
    "    h = sigmoid(X @ W1)\n"
    "    p = sigmoid(h @ W2)\n"
    "    loss = np.mean((p - y) ** 2)\n"
    "    d = 2 * (p - y) / len(X) * p * (1 - p)\n"
    "    dh = d @ W2.T * slope(h)\n"
    "    W2 -= 0.1 * h.T @ d\n"
    "    W1 -= 0.1 * X.T @ dh\n"
    "display(loss)\n",
)
MENDED = tuple(text.replace("s * (1 + s)", "s * (1 - s)") for text in BROKEN)
