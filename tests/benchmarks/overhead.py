"""What listening costs: microseconds added to one operation, armed and disarmed, and the ratio for a real step.

    python -m tests.benchmarks.overhead [--number N] [--repeat R]

Each operation runs in a loop of its own; the cost of the loop is taken off. The least CPU time of ``repeat`` runs
counts.
``a[i][j] = x`` passes two taps, ``slice * slice`` three; ``+=`` is an update besides.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from gradcheck.record import taps
from gradcheck.record.recorder import Recorder
from gradcheck.record.rewrite import rewrite
from gradcheck.record.sources import Sources

MODES = ("plain", "disarmed", "armed")
OPERATIONS = {
    "loop": ("", "pass"),
    "scalar * scalar": ("x, y = np.float64(1.1), np.float64(1.2)", "x * y"),
    "float * float": ("x, y = 1.1, 1.2", "x * y"),
    "a[i, j]": ("a, i, j = np.ones((5, 5)), 1, 2", "a[i, j]"),
    "a[i][j] = x": ("a, i, j, x = np.ones((5, 5)), 1, 2, 1.5", "a[i][j] = x"),
    "a[i, j] += x": ("a, i, j, x = np.ones((5, 5)), 1, 2, 1e-3", "a[i, j] += x"),
    "3x3 + 3x3": ("a = np.ones((3, 3)); b = a + 1", "a + b"),
    "np.exp(3x3)": ("a = np.ones((3, 3))", "np.exp(a)"),
    "a.sum()": ("a = np.ones((3, 3))", "a.sum()"),
    "slice * slice": ("a = np.ones((9, 9)); b = a + 1", "a[1:4, 2:5] * b[3:6, 1:4]"),
    "f(x)": ("def f(v): return v\nx = np.float64(2)", "f(x)"),
    "list[i]": ("l = [1, 2, 3]", "l[1]"),
    "x = y": ("y = np.float64(3) * 2", "x = y"),
    "s += y": ("s, y = 0.0, np.float64(3) * 2", "s += y"),
}
NETWORK = """
import numpy as np
r = np.random.default_rng(0)
X, Y = r.random((128, 784)), np.eye(10)[r.integers(0, 10, 128)]
W1, b1, W2, b2 = r.normal(0, 0.05, (784, 300)), np.zeros(300), r.normal(0, 0.05, (300, 10)), np.zeros(10)
"""
PASS = """\
    z = X @ W1 + b1
    h = np.maximum(z, 0)
    o = h @ W2 + b2
    e = np.exp(o - o.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.sum(Y * np.log(p), axis=1))
    d = (p - Y) / len(X)
    g2, c2 = h.T @ d, d.sum(axis=0)
    d = d @ W2.T * (z > 0)
    g1, c1 = X.T @ d, d.sum(axis=0)
    W1 -= 0.1 * g1
    b1 -= 0.1 * c1
    W2 -= 0.1 * g2
    b2 -= 0.1 * c2
"""
STEP = f"for _ in it:\n{PASS}"


def seconds(setup: str, body: str, mode: str, number: int) -> float:
    """How long ``body`` takes after ``setup``, whose names it uses; ``it`` counts to ``number``."""
    names: dict[str, Any] = {"__name__": "bench", "it": range(number)}
    if mode == "plain":
        exec(setup, names)
        code = compile(body, "bench.py", "exec")
    else:
        recorder = Recorder(Sources())
        taps.install(recorder)
        recorder.armed = mode == "armed"
        recorder.loops.is_whole = lambda site: True
        exec(rewrite(setup, "bench.py", "bench", recorder.sources), names)
        code = rewrite(body, "bench.py", "bench", recorder.sources)
    start = time.process_time()
    exec(code, names)
    return time.process_time() - start


def best(setup: str, body: str, number: int, repeat: int) -> dict[str, float]:
    """The least time of each mode; the modes take turns, so that a busy machine is unfair to none."""
    least = dict.fromkeys(MODES, float("inf"))
    for _ in range(repeat):
        for mode in MODES:
            least[mode] = min(least[mode], seconds(setup, body, mode, number))
    return least


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--number", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    print(f"{'microseconds':18} {'plain':>8} {'disarmed adds':>14} {'armed adds':>11}")
    loop = dict.fromkeys(MODES, 0.0)
    for name, (setup, body) in OPERATIONS.items():
        times = best(f"import numpy as np\n{setup}", f"for _ in it:\n    {body}", options.number, options.repeat)
        plain, off, on = ((times[m] - loop[m]) / options.number * 1e6 for m in MODES)
        print(f"{name:18} {plain:8.2f} {off - plain:14.2f} {on - plain:11.2f}")
        loop = times if name == "loop" else loop
    times = best(NETWORK, STEP, 10, options.repeat)
    ratios = ", ".join(f"{m} {times[m] / times['plain']:.3f}" for m in MODES[1:])
    print(f"\nstep of a 784-300-10 network, batch of 128: {times['plain'] * 100:.1f} ms plain; ratios: {ratios}")
    taps.uninstall()


if __name__ == "__main__":
    main()
