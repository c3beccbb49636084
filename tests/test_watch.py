"""`--watch`: what asks for another check, and the difference it leads with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gradcheck import demo
from gradcheck.results import Finding
from gradcheck.watch import difference

ROOT = Path(__file__).parent.parent


def found(*names: str, rule: str = "r", line: int = 1) -> Finding:
    return Finding(rule, "error", "m.py", line, 1, line, 2, "m", parameters=list(names))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ([], [], "0 fixed, 0 left, 0 new"),
        ([found("W")], [], "1 fixed, 0 left, 0 new"),
        ([found("W")], [found("W", line=9)], "0 fixed, 1 left, 0 new"),
        ([found("W", "b")], [found("W")], "0 fixed, 1 left, 0 new"),
        ([found("W")], [found("b")], "1 fixed, 0 left, 1 new"),
        ([found("W")], [found("W", rule="s")], "1 fixed, 0 left, 1 new"),
        ([found(), found()], [found()], "1 fixed, 1 left, 0 new"),
        ([found("a"), found("b"), found("c")], [found("b"), found("c"), found("d")], "1 fixed, 2 left, 1 new"),
    ],
)
def test_difference(before: list[Finding], after: list[Finding], words: str) -> None:
    assert difference(before, after) == words


def test_a_change_of_a_module_is_checked_and_the_difference_told(tmp_path: Path) -> None:
    script, module = tmp_path / "main.py", tmp_path / "network.py"
    broken = demo.SCRIPT.read_text()
    script.write_text("import network\n")
    module.write_text(broken)
    command = [sys.executable, "-u", "-m", "gradcheck", str(script), "--watch"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as tool:
        assert tool.stdout is not None

        def report() -> list[str]:
            lines = []
            for line in tool.stdout:
                lines.append(line.rstrip("\n"))
                if "operations followed" in line or "no parameter found" in line:
                    return lines
            raise AssertionError(f"it ended: {lines}")

        try:
            assert "error[wrong-activation-derivative]" in "".join(report())
            time.sleep(0.5)  # the check is over, the waiting has begun
            module.write_text(broken.replace("hidden * (1 - hidden)", "(1 - hidden ** 2)"))
            assert report()[0] == "1 fixed, 0 left, 0 new"
            time.sleep(0.5)
            module.unlink()
            assert any("No module named 'network'" in line for line in report())
            time.sleep(0.5)
            tool.send_signal(signal.SIGINT)
            assert tool.wait(5) == 2
        finally:
            tool.kill()
