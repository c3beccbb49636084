"""Microseconds that a hook costs for each gradient, beyond computing the norm: ``python -m tests.benchmarks.hooks``."""

from __future__ import annotations

import timeit

import numpy as np

from gradcheck import hooks

TIMES = 5_000


def fastest(work: object) -> float:
    """Microseconds for one call, the best of nine rounds."""
    return min(timeit.repeat(work, number=TIMES, repeat=9)) / TIMES * 1e6  # type: ignore[arg-type]


def main() -> None:
    """Print a line for a gradient of 100 x 100: the norm alone, nobody listening, one hook."""
    gradient = np.random.default_rng(0).normal(size=(100, 100))
    norm = fastest(lambda: float(np.linalg.norm(gradient)))
    idle = fastest(lambda: hooks.record("W", gradient, batch_size=32))
    with hooks.on_gradient(hooks.GradientNorms()):
        one = fastest(lambda: hooks.record("W", gradient, batch_size=32))
    print(f"norm alone {norm:.2f} us; nobody listens {idle:.2f} us; GradientNorms {one - norm:.2f} us beyond the norm")


if __name__ == "__main__":
    main()
