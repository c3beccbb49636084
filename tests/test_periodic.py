"""Losses that a script computes every so many passes only, beyond those that are recorded."""

from pathlib import Path
from textwrap import dedent, indent

import pytest

import gradcheck

TRAINING = """
    import numpy as np

    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(30, 3)), rng.normal(size=(30, 2))
    every, seen = 200, []


    class Log:
        each = 150
        quiet = False


    def cost(e):
        return np.mean(np.abs(e) ** 1.5)


    def train():
        w, log = rng.normal(size=(3, 2)), Log()
        {loop}
        print(w, seen)


    train()
"""

LOOPS = {
    "from one": """
        for epoch in range(1, 1001):
            e = x @ w - y
            w -= 0.1 * x.T @ (np.sign(e) * np.abs(e) ** 0.5)
            if epoch % 100 == 0:
                seen.append((epoch, cost(e)))
    """,
    "one added, a name": """
        for epoch in range(1000):
            e = x @ w - y
            w -= 0.1 * x.T @ (np.sign(e) * np.abs(e) ** 0.5)
            if not (epoch + 1) % every:
                seen.append((epoch, cost(e)))
    """,
    "attributes, a function": """
        for epoch in range(1000):
            e = x @ w - y
            w -= 0.1 * x.T @ (np.sign(e) * np.abs(e) ** 0.5)
            if not log.quiet and epoch % max(log.each, 2) == log.each - 1:
                seen.append((epoch, cost(e)))
    """,
    "in batches": """
        for epoch in range(1000):
            for i in range(0, 30, 10):
                e = x[i : i + 10] @ w - y[i : i + 10]
                w -= 0.1 * x[i : i + 10].T @ (np.sign(e) * np.abs(e) ** 0.5)
            if epoch % 100 == 99:
                seen.append((epoch, cost(x @ w - y)))
    """,
}


def run(tmp_path: Path, loop: str) -> gradcheck.Report:
    script = tmp_path / "train.py"
    script.write_text(dedent(TRAINING).replace("    {loop}", indent(dedent(loop).strip(), "    ")))
    return gradcheck.check_script(script)


@pytest.mark.parametrize("loop", LOOPS)
def test_the_loss_of_a_pass_far_ahead_is_the_own_one(tmp_path: Path, loop: str) -> None:
    report = run(tmp_path, LOOPS[loop])
    assert [p.verdict for p in report.parameters] == ["right_up_to_scale"]
    assert report.loss is not None and (report.loss.source, report.loss.line) == ("own", 15)


def test_what_does_more_than_arithmetic_is_not_computed_ahead(tmp_path: Path) -> None:
    report = run(
        tmp_path,
        """
        asked = []

        def due(epoch):
            asked.append(epoch)
            return epoch % 100 == 99

        for epoch in range(1000):
            e = x @ w - y
            w -= 0.1 * x.T @ (np.sign(e) * np.abs(e) ** 0.5)
            if epoch % 100 == 99 and due(epoch):
                seen.append((epoch, cost(e)))
        assert not asked, asked
        """,
    )
    assert report.outcome is not None and report.outcome.kind == "finished", report.outcome
    assert [p.verdict for p in report.parameters] == ["not_judged"]
