"""The running error bound on random nets: is a correct gradient ever outside it, is a planted error ever inside?

    python -m tests.benchmarks.bounds [cases a program]

Each program computes a loss and its gradients by hand. It is recorded in float64 and run once more in extended
precision, which is taken as exact.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradcheck.replay.adjoint import Recording
from gradcheck.replay.rounding import again
from gradcheck.step.compare import EPS, SLACK, ZERO_SLACK, Comparison, compare, settle

from ..recording import Run, plain, record

HEAD = "import math\nimport numpy as np\n"
LAYERS = """
z1 = X @ W1 + b1
{activation}
z2 = a1 @ W2 + b2
{head}
dW2 = a1.T @ d2
db2 = d2.sum(axis=0)
d1 = d2 @ W2.T * {slope}
dW1 = X.T @ d1
db1 = d1.sum(axis=0)
"""
ACTIVATIONS = {
    "sigmoid": ("a1 = 1.0 / (1.0 + np.exp(-z1))", "(a1 * (1.0 - a1))"),
    "sigmoid from exp": ("e1 = np.exp(-z1)\na1 = 1.0 / (1.0 + e1)", "(e1 / (1.0 + e1) ** 2)"),
    "tanh": ("a1 = np.tanh(z1)", "(1.0 - a1 ** 2)"),
    "tanh from cosh": ("a1 = np.tanh(z1)", "(1.0 / np.cosh(z1) ** 2)"),
    "relu": ("a1 = np.maximum(z1, 0.0)", "(z1 > 0)"),
    "softplus": ("a1 = np.log1p(np.exp(z1))", "(1.0 - 1.0 / (1.0 + np.exp(z1)))"),
    "square": ("a1 = z1 * z1", "(2.0 * z1)"),
    "batch norm": (
        "m = z1.mean(axis=0)\nv = ((z1 - m) ** 2).mean(axis=0)\ns = np.sqrt(v + 1e-5)\na1 = (z1 - m) / s",
        "1.0\nd1 = (d1 - d1.mean(axis=0) - a1 * (d1 * a1).mean(axis=0)) / s",
    ),
    "layer norm": (
        "m = z1.mean(axis=1, keepdims=True)\ns = z1.std(axis=1, keepdims=True) + 1e-8\na1 = (z1 - m) / s",
        "1.0\nq = (d1 * (z1 - m)).mean(axis=1, keepdims=True)\nd1 = (d1 - d1.mean(axis=1, keepdims=True)) / s"
        " - (z1 - m) * q / (s * s * (s - 1e-8))",
    ),
}
HEADS = {
    "half squared": "loss = 0.5 * np.sum((z2 - Y) ** 2)\nd2 = z2 - Y",
    "cross-entropy": "q = np.exp(z2 - z2.max(axis=1, keepdims=True))\np = q / q.sum(axis=1, keepdims=True)\n"
    "loss = -np.mean(np.sum(T * np.log(p), axis=1))\nd2 = (p - T) / len(X)",
    "logsumexp": "m2 = z2.max(axis=1, keepdims=True)\nl = np.log(np.exp(z2 - m2).sum(axis=1, keepdims=True)) + m2\n"
    "loss = np.sum(l) - np.sum(T * z2)\nd2 = np.exp(z2 - l) - T",
    "binary": "p = 1.0 / (1.0 + np.exp(-z2))\nloss = -np.sum(B * np.log(p) + (1.0 - B) * np.log(1.0 - p))\nd2 = p - B",
    "binary, stable": "loss = np.sum(np.logaddexp(0.0, z2) - B * z2)\nd2 = 1.0 / (1.0 + np.exp(-z2)) - B",
    "sigmoid, squared": "p = 1.0 / (1.0 + np.exp(-z2))\nloss = np.mean((p - B) ** 2)\n"
    "d2 = 2.0 * (p - B) * p * (1.0 - p) / B.size",
}
LOOPS = """
h = np.zeros(len(b1))
loss = 0.0
H = [h]
for t in range(len(X)):
    h = np.tanh(X[t] @ W1 + h @ U + b1)
    H.append(h)
    loss = loss + 0.5 * np.sum((h @ W2 - Y[t]) ** 2)
dW1 = 0.0 * W1
dU = 0.0 * U
db1 = 0.0 * b1
dW2 = 0.0 * W2
n = 0.0 * b1
for t in reversed(range(len(X))):
    e = H[t + 1] @ W2 - Y[t]
    dW2 = dW2 + np.outer(H[t + 1], e)
    d = (W2 @ e + n) * (1.0 - H[t + 1] ** 2)
    dW1 = dW1 + np.outer(X[t], d)
    dU = dU + np.outer(H[t], d)
    db1 = db1 + d
    n = U @ d
"""
ELEMENTS = """
loss = 0.0
dW1 = 0.0 * W1
for i in range(len(X)):
    for j in range(W1.shape[1]):
        s = 0.0
        for k in range(W1.shape[0]):
            s = s + X[i, k] * W1[k, j]
        r = s - A[i, j]
        loss = loss + r * r / 2.0
        for k in range(W1.shape[0]):
            dW1[k, j] += X[i, k] * r
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One gradient of one case. ``ratio`` is the sweep's error over its bound, which is in units of the roundoff."""

    program: str
    scale: float
    ratio: float
    first: Comparison  # by the running bound alone
    settled: Comparison  # with measured rounding, where the first one does not agree
    seen: bool


def programs() -> dict[str, str]:
    """All programs by name."""
    found = {
        f"{a}; {h}": HEAD + LAYERS.format(activation=forward, slope=slope, head=head)
        for a, (forward, slope) in ACTIVATIONS.items()
        for h, head in HEADS.items()
    }
    return found | {"recurrent": HEAD + LOOPS, "scalar loops": HEAD + ELEMENTS}


def leaves(rng: np.random.Generator, scale: float) -> dict[str, np.ndarray]:
    """A small net at random; its weights have about the given scale."""
    n, i, h, o = rng.integers(1, 7), rng.integers(1, 6), rng.integers(2, 6), rng.integers(2, 5)
    labels = np.eye(o)[rng.integers(0, o, n)]
    return {
        "X": rng.normal(0, 10.0 ** rng.uniform(-2, 1), (n, i)),
        "W1": rng.normal(0, scale, (i, h)),
        "b1": rng.normal(0, scale, h),
        "W2": rng.normal(0, scale, (h, o)),
        "b2": rng.normal(0, scale, o),
        "U": rng.normal(0, scale / 2, (h, h)),
        "Y": rng.normal(0, 1, (n, o)),
        "T": labels,
        "B": (rng.random((n, o)) < 0.5) * 1.0,
        "A": rng.normal(0, 1, (n, h)),
    }


def outcomes(name: str, text: str, rng: np.random.Generator, scale: float) -> Iterator[Outcome]:
    """One case: every gradient that the program computes."""
    values = leaves(rng, scale)
    exact = plain(text, **{k: v.astype(np.longdouble) for k, v in values.items()})
    if not np.isfinite(float(exact["loss"])):
        return
    run = record(text, **values)
    if not np.isfinite(run.names["loss"]):
        return
    recording = run.recording()
    reverse, sweep = run.sweep("loss", recording=recording)
    others: list[Recording] | None = None
    for parameter in ("W1", "b1", "U", "W2", "b2"):
        if "d" + parameter not in exact:
            continue
        true, u = exact["d" + parameter], np.asarray(run.names["d" + parameter])
        t, m = run.adjoint(reverse, sweep, values[parameter]), run.bound(reverse, sweep, values[parameter])
        first = settled = compare(u, t, m)
        seen = _seen(rng, u, t, m) if first.exact else True
        if not first.exact:
            others = again(recording, recording.replay.start) if others is None else others
            us, ts = _samples(run, others, values[parameter], "d" + parameter)
            settled = settle(u, t, m, 0.0, us, ts)
            wrong = 1.0 + 0.01 * (np.arange(u.size).reshape(u.shape) % 2)
            seen = (
                settled.agreement == "zero"
                or _one_counts(t)
                or not settle(u * wrong, t, m, 0.0, [v * wrong for v in us], ts).exact
            )
        error = np.abs(t - true).astype(float)
        ratio = float(np.max((error / np.maximum(EPS * m, 1e-300))[m > 0], initial=0.0))
        yield Outcome(f"{name} d{parameter}", scale, ratio, first, settled, seen)


def _samples(
    run: Run, others: list[Recording], leaf: np.ndarray, name: str
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The program's gradient and the sweep's, under other roundings."""
    us, ts = [], []
    for other in others:
        us.append(np.asarray(other.replay.load(other.state, run.code(name))))
        ts.append(run.adjoint(*run.sweep("loss", recording=other, bounded=False), leaf))
    return us, ts


def _one_counts(t: np.ndarray) -> bool:
    """Whether every second entry, or all the others, are next to nothing: an error there is a scale, or none."""
    even, odd = (float(np.linalg.norm(t.ravel()[i::2])) for i in (0, 1))
    return min(even, odd) < 1e-4 * max(even, odd)


def _seen(rng: np.random.Generator, u: np.ndarray, t: np.ndarray, m: np.ndarray) -> bool:
    """Whether an error of 100 times what is allowed is seen in one entry, wherever it is."""
    u = np.array(u)
    norm = float(np.linalg.norm(t))
    places = np.argwhere(2 * t * t <= norm**2)  # an error in the only entry that counts is a scale
    if not len(places):
        return True
    place = tuple(places[rng.integers(0, len(places))])
    k = float(np.sum(u * t)) / norm**2 if norm else 0.0
    if compare(u, t, m).agreement == "zero":
        allowed = ZERO_SLACK * SLACK * EPS * m[place]
    else:
        allowed = max(SLACK * EPS * (abs(k) * m[place] + abs(k * t[place])), 1e-12 * abs(k) * norm)
    u[place] += 100 * allowed + (allowed == 0.0) * 1e-148
    return not compare(u, t, m).exact


def sample(cases: int, seed: int = 0) -> Iterator[Outcome]:
    """``cases`` random nets for each program."""
    rng = np.random.default_rng(seed)
    for name, text in programs().items():
        for _ in range(cases):
            yield from outcomes(name, text, rng, float(10.0 ** rng.uniform(-2, 1)))


def main() -> None:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 180
    found = list(sample(cases))
    ratios = np.array([o.ratio for o in found if np.isfinite(o.ratio)])
    print(f"{len(found):,} gradients of {len(programs())} programs")
    print("error over bound:", *(f"{q:g}: {np.quantile(ratios, q):.2g}" for q in (0.5, 0.9, 0.99, 0.999, 1.0)))
    print("by the running bound:", dict(Counter(o.first.agreement for o in found)))
    print("with measured rounding:", dict(Counter(o.settled.agreement for o in found)))
    print("planted errors not seen:", [o.program for o in found if not o.seen])
    for o in found:
        if not o.settled.exact and o.settled.agreement != "nonfinite":
            figures = f"residual {o.settled.residual} ratio {o.ratio:.1e} scale {o.scale:.2g}"
            print(f"  {o.settled.agreement:8} {figures}  {o.program}")


if __name__ == "__main__":
    main()
