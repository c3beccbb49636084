"""Seconds and memory of record, replay and sweep, each program in a process of its own.

python -m tests.benchmarks.replay [scalars | convolution]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from ..recording import record

SCALARS = """
import numpy as np
w = np.array([0.3, -0.2, 0.5])
x = np.linspace(-1, 1, 1000)
loss = 0.0
for i in range(91_000):
    v = x[i % 1000]
    z = w[0] * v + w[1]
    loss = loss + (z * z - w[2] * v) / 3.0
"""
CONVOLUTION = """
import numpy as np
rng = np.random.default_rng(0)
picture = rng.random((32, 32, 3))
w = rng.normal(0, 0.1, (3, 3, 3, 16))
dense = rng.normal(0, 0.1, (3600, 10))
conv = np.zeros((30, 30, 16))
pool = np.zeros((15, 15, 16))
for i in range(16):
    for j in range(30):
        for k in range(30):
            conv[j][k][i] = (
                (picture[j:j+3, k:k+3, 0] * w[:, :, 0, i]).sum()
                + (picture[j:j+3, k:k+3, 1] * w[:, :, 1, i]).sum()
                + (picture[j:j+3, k:k+3, 2] * w[:, :, 2, i]).sum()
            )
relu = np.choose(conv < 0, (conv, 0))
for i in range(16):
    for j in range(15):
        for k in range(15):
            pool[j][k][i] = np.max(relu[j*2:j*2+2, k*2:k*2+2, i])
z = np.dot(np.reshape(pool, (1, 3600)), dense)
z -= np.max(z)
p = np.exp(z) / np.sum(np.exp(z))
loss = -np.log(p[0, 3])
"""
PROGRAMS = {"scalars": SCALARS, "convolution": CONVOLUTION}


def _peak() -> float:
    """Peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(name: str) -> None:
    """Print what one program costs, beyond the imports."""
    start = _peak()

    def timed(what: str, do: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        made = do()
        seconds = f"{time.process_time() - cpu:6.2f} s of CPU, {time.perf_counter() - wall:6.2f} s"
        print(f"  {what:7} {seconds}   peak {_peak() - start:5.0f} MB", flush=True)
        return made

    run = timed("record", lambda: record(PROGRAMS[name]))
    recording = timed("replay", run.recording)
    timed("sweep", lambda: run.sweep("loss", recording=recording))
    print(f"  {len(run.tape):,} entries", flush=True)


def main() -> None:
    if len(sys.argv) > 1:
        measure(sys.argv[1])
        return
    for name in PROGRAMS:
        print(name, flush=True)
        subprocess.run([sys.executable, "-m", "tests.benchmarks.replay", name], check=True)


if __name__ == "__main__":
    main()
