"""Many steps followed: what can be read of correct scripts, and how the followed training's speed compares with plain.

    python -m tests.benchmarks.following [--steps N] [--jobs N] [pattern]     what is followed of each correct script
    python -m tests.benchmarks.following --speed                              seconds of 784-300-10 and of digits size

A script's line gives parameters whose updates (and gradients) were followed, of all judged; then why the others were
not. The speed is the script's own CPU time around its loop, plain and followed, the best of some runs in turns, with
one thread.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from gradcheck import Report, check_script

from .judged import STRANGERS, Entry, expected, several
from .overhead import PASS

NETWORK = """
import sys, time
import numpy as np
rng = np.random.default_rng(0)
inputs, hidden, outputs, rows, steps = map(int, sys.argv[1:])
X, Y = rng.random((rows, inputs)), np.eye(outputs)[rng.integers(0, outputs, rows)]
W1, b1 = rng.normal(0, 0.05, (inputs, hidden)), np.zeros(hidden)
W2, b2 = rng.normal(0, 0.05, (hidden, outputs)), np.zeros(outputs)
began = time.process_time()
for step in range(steps + 1):
    if step == steps:
        sys.stdout.write(f"seconds {time.process_time() - began}\\n")
        sys.stdout.flush()
"""
SIZES = {  # inputs, hidden, outputs, rows, steps
    "784-300-10, batch of 128": (784, 300, 10, 128, 60),
    "784-300-10, batch of 16": (784, 300, 10, 16, 150),
    "64-32-10, batch of 64": (64, 32, 10, 64, 1500),
    "64-32-10, all 1,797 rows": (64, 32, 10, 1797, 200),
}
"""What is timed."""


def follow(item: tuple[str, Entry, int]) -> tuple[str, Report | str]:
    """One script with some steps followed."""
    path, entry, steps = item
    try:
        return path, check_script(STRANGERS / path, arguments=entry.get("arguments", ()), steps=steps, timeout=60)
    except Exception as error:
        return path, f"{type(error).__name__}: {error}"


def coverage(pattern: str, steps: int, jobs: int) -> None:
    """A line a script, and the totals."""
    counts: Counter[str] = Counter()
    items = [(path, entry, steps) for path, entry in expected().items() if pattern in path]
    for path, report in several(follow, items, jobs):
        if isinstance(report, str):
            print(f"{path}: {report}", flush=True)
            continue
        data = report.steps or {"parameters": [], "activations": [], "done": 0, "stopped": ""}
        whole = sum(row["gradient_norms"] is not None for row in data["parameters"])
        judged = sum(row.training == 0 for row in report.parameters)
        counts += Counter(scripts=1, judged=judged, updates=len(data["parameters"]), gradients=whole,
                          layers=len(data["activations"]), all=whole == judged, steps=data["done"])  # fmt: skip
        why = [f"{row.what}: {row.why}" for row in report.not_checked if "step" in row.what or "dead" in row.what]
        print(f"{path}: {len(data['parameters'])} ({whole}) of {judged} parameters, "
              f"{len(data['activations'])} layers, {data['done']} steps {data['stopped']}", *why, sep="\n    ",
              flush=True)  # fmt: skip
    print(dict(counts))


def seconds(script: Path, size: tuple[int, ...], mode: str) -> float:
    """The loop's own seconds: ``mode`` is plain or followed."""
    words = list(map(str, size))
    if mode == "plain":
        told = subprocess.run([sys.executable, script, *words], check=True, capture_output=True, text=True)
        return float(told.stdout.split("seconds ")[1])
    command = [sys.executable, "-m", "gradcheck", str(script), "--steps", str(size[4] + 1), "--show-output",
               "--exit-zero", "--", *words]  # fmt: skip
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(told.stderr.split("seconds ")[-1].split()[0])


def speed(repeat: int) -> None:
    """A line a size: milliseconds a step, and the ratio."""
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "network.py"
        script.write_text(NETWORK + PASS)
        for name, size in SIZES.items():
            least = dict.fromkeys(("plain", "followed"), float("inf"))
            for _ in range(repeat):
                for mode in least:
                    least[mode] = min(least[mode], seconds(script, size, mode))
            plain, followed = (least[mode] / size[4] * 1e3 for mode in least)
            print(
                f"{name:28} {plain:8.3f} ms a step plain, {followed:8.3f} followed: {followed / plain:.2f}x", flush=True
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    if given.speed:
        speed(given.repeat)
    else:
        coverage(given.pattern, given.steps, given.jobs)


if __name__ == "__main__":
    main()
