"""The reverse sweep: writes taken back, barriers, bounds, what cannot be followed."""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest

from gradcheck.replay.adjoint import Reverse
from gradcheck.replay.rounding import Perturbed, again, is_inexact
from gradcheck.step.compare import SLACK, compare, settle

from .benchmarks import bounds
from .recording import Run, record

A = np.array([0.5, -1.25, 2.0, 0.75])
HEAD = "import math\nimport numpy as np\n"

# What the leaf `a` gets, for the loss that the program leaves; weights tell the elements apart.
W = np.array([1.0, 10.0, 100.0, 1000.0])
CASES = {
    "a view is its base": ("v = a[::-1]\nloss = np.sum(v * w)", W[::-1]),
    "a store takes the adjoint away": ("b = a * 1.0\nb[1] = 3.0\nloss = np.sum(b * w)", W * [1, 0, 1, 1]),
    "a store gives it to what was stored": ("b = np.zeros(4)\nb[2] = a[0] * 2.0\nloss = np.sum(b * w)", [200, 0, 0, 0]),
    "a slice store broadcasts": ("b = np.zeros(4)\nb[1:] = a[0]\nloss = np.sum(b * w)", [1110, 0, 0, 0]),
    "in place on the leaf itself": ("a *= 3.0\nloss = np.sum(a * w)", 3 * W),
    "an in-place product needs the value before": ("b = a * 1.0\nb *= b\nloss = np.sum(b * w)", 2 * A * W),
    "a value read before it is overwritten": ("b = a * 1.0\nc = b * b\nb[:] = 0.0\nloss = np.sum(c * w)", 2 * A * W),
    "duplicates in +=: the last one counts": (
        "b = np.zeros(4)\nb[[1, 1]] += a[:2]\nloss = np.sum(b * w)",
        [0, 10, 0, 0],
    ),
    "duplicates in add.at: all count": (
        "b = np.zeros(4)\nnp.add.at(b, [1, 1], a[:2])\nloss = np.sum(b * w)",
        [10, 10, 0, 0],
    ),
    "subtract.at": ("b = np.zeros(4)\nnp.subtract.at(b, [3], a[0])\nloss = np.sum(b * w)", [-1000, 0, 0, 0]),
    "duplicates in a store": ("b = np.zeros(4)\nb[[2, 2]] = a[:2]\nloss = np.sum(b * w)", [0, 100, 0, 0]),
    "a mask": ("b = a * 1.0\nb[a > 0.6] *= 2.0\nloss = np.sum(b * w)", W * [1, 1, 2, 2]),
    "a masked store": ("b = a * 1.0\nb[b < 0] = 0.0\nloss = np.sum(b * w)", W * [1, 0, 1, 1]),
    "out=": ("b = np.empty(4)\nnp.multiply(a, w, out=b)\nloss = np.sum(b)", W),
    "out= one of the operands": ("b = a * 1.0\nnp.multiply(b, b, out=b)\nloss = np.sum(b * w)", 2 * A * W),
    "out= of a reduction": ("b = np.empty(())\nnp.sum(a, out=b)\nloss = float(b) * 2.0", [2, 2, 2, 2]),
    "out= of a list": (
        "b = np.empty(8)\nnp.concatenate([a, a * 2.0], out=b)\nloss = np.sum(b[:4] * w) + b[7]",
        W + [0, 0, 0, 2],
    ),
    "out= and where=": (
        "b = a * 3.0\nnp.multiply(b, b, out=b, where=a > 0)\nloss = np.sum(b * w)",
        W * np.where(A > 0, 18 * A, 3.0),
    ),
    "where= of a sum": ("b = np.empty(())\nnp.sum(a, out=b, where=a > 0)\nloss = float(b)", [1, 0, 1, 1]),
    "copyto": ("b = np.zeros(4)\nnp.copyto(b, a)\nloss = np.sum(b * w)", W),
    "copyto where": ("b = a * 2.0\nnp.copyto(b, a, where=a > 0)\nloss = np.sum(b * w)", W * [1, 2, 1, 1]),
    "copyto of a scalar where": (
        "b = a * 2.0\nnp.copyto(b, a[0], where=a < 0)\nloss = np.sum(b * w)",
        [12, 0, 200, 2000],
    ),
    "a diagonal is written": ("b = np.outer(a, np.ones(4))\nnp.fill_diagonal(b, 0.0)\nloss = np.sum(b * w)", 1111 - W),
    "a deep copy": ("import copy\nb = copy.deepcopy([a * 2.0])[0]\nloss = np.sum(b * w)", 2 * W),
    "a mask as integers": ("b = a * np.int64(a > 0)\nloss = np.sum(b * w)", W * (A > 0)),
    "weighted counts": ("b = np.bincount(np.array([1, 1, 3, 0]), weights=a)\nloss = np.sum(b * w)", [10, 10, 1000, 1]),
    "full": ("b = np.full((2, 4), a[1])\nloss = np.sum(b * w)", [0, 2222, 0, 0]),
    "full_like, from a vector": ("b = np.full_like(np.ones((2, 4)), a)\nloss = np.sum(b * w)", 2 * W),
    "fill": ("b = np.zeros(4)\nb.fill(a[1])\nloss = np.sum(b * w)", [0, 1111, 0, 0]),
    "a broadcast view collects": ("v = np.broadcast_to(a, (3, 4))\nloss = np.sum(v * w)", 3 * W),
    "sliding windows collect": (
        "v = np.lib.stride_tricks.sliding_window_view(a, 2)\nloss = np.sum(v * np.array([[1.0, 10.0]]))",
        [1, 11, 11, 10],
    ),
    "a scalar loop": (
        "loss = 0.0\nfor i in range(4):\n    loss = loss + a[i] * w[i] / 2.0 - a[0]",
        W / 2 - [4, 0, 0, 0],
    ),
    "a quotient of numbers": ("loss = a[0] / a[2]", [0.5, 0, -0.125, 0]),
    "an element store chain": (
        "b = a * 1.0\nfor i in range(1, 4):\n    b[i] = b[i - 1] * 2.0\nloss = b[3]",
        [8, 0, 0, 0],
    ),
    "an integer power of a number": ("loss = a[1] ** 3", [0, 3 * 1.5625, 0, 0]),
    "cancelled adjoints": ("x = a[0] * 2.0\nloss = x - x + a[3]", [0, 0, 0, 1]),
    "an alias in a list": ("box = [a, w]\nbox[0][0] *= 4.0\nloss = np.sum(box[0] * w)", W * [4, 1, 1, 1]),
    "two losses of one": ("loss = np.sum(a * w) + np.sum(a)", W + 1),
    "a swap of slices": ("b = a * 1.0\nb[:2] = b[2:]\nloss = np.sum(b * w)", [0, 0, 101, 1010]),
    "a negative stride as root": ("b = np.array(a[::-1])\nloss = np.sum(b * w)", W[::-1]),
}


@pytest.mark.parametrize("name", CASES)
def test_adjoints(name: str) -> None:
    text, expected = CASES[name]
    a = A.copy()
    run = record(HEAD + text, a=a, w=W.copy())
    for bounded in (False, True):
        reverse, sweep = run.sweep("loss", bounded=bounded)
        assert sweep.blocked == {}
        np.testing.assert_allclose(run.adjoint(reverse, sweep, a), expected, rtol=1e-13, atol=1e-300)


@pytest.mark.filterwarnings("ignore:Calling np.sum:DeprecationWarning")
def test_numpy_sum_of_a_generator() -> None:
    try:
        np.sum(x for x in ())  # type: ignore[call-overload]
    except TypeError:
        pytest.skip("this NumPy refuses generators")
    a = A.copy()
    run = record(HEAD + "loss = np.sum(a[i] * w[i] for i in range(4))", a=a, w=W.copy())
    reverse, sweep = run.sweep("loss")
    assert sweep.blocked == {} and np.array_equal(run.adjoint(reverse, sweep, a), W)


def _swept(text: str) -> tuple[Run, Reverse, object, np.ndarray]:
    a = A.copy()
    run = record(HEAD + text, a=a, w=W.copy())
    return run, *run.sweep("loss"), a


def test_what_is_not_followed_blocks_and_says_so() -> None:
    run, reverse, sweep, a = _swept("b = a * 1.0\nb.partition(1)\nloss = np.sum(b * w)")
    (why,) = sweep.blocked.values()
    assert "partition" in why and not np.any(run.adjoint(reverse, sweep, a))


def test_a_barrier_captures_and_stops() -> None:
    a = A.copy()
    run = record(HEAD + "b = a * 2.0\nb -= 0.5 * b\nloss = np.sum(b * w)", a=a, w=W.copy())
    (entry,) = (n for n in range(len(run.tape)) if run.tape.entry(n)[0].kind == "inplace")
    reverse = Reverse(run.recording(), set(range(len(run.tape.storage_layout))), {entry: run.code("b")}, True)
    sweep = reverse.sweep([(len(run.tape), run.code("loss"), 1.0)])
    captured, bound = sweep.captured[entry]
    assert np.array_equal(captured, W) and np.all(bound > 0)
    assert not np.any(run.adjoint(reverse, sweep, a))


def test_a_seed_counts_before_its_entry_only() -> None:
    """Seeds at several places add up; what overwrites the seeded value later takes nothing away."""
    a = A.copy()
    run = record(HEAD + "b = a * 2.0\nb[:] = 0.0\nloss = np.sum(b)", a=a)
    reverse = Reverse(run.recording(), set(range(len(run.tape.storage_layout))), {})
    early, late = (reverse.sweep([(n, run.code("b"), W)]) for n in (1, 3))
    assert np.array_equal(run.adjoint(reverse, early, a), 2 * W)
    assert not np.any(run.adjoint(reverse, late, a))
    both = reverse.sweep([(1, run.code("b"), W), (len(run.tape), run.code("loss"), 1.0)])
    assert np.array_equal(run.adjoint(reverse, both, a), 2 * W)


def test_visits_hold_the_adjoint_of_a_result() -> None:
    a = A.copy()
    run = record(HEAD + "b = a[1] * 3.0\nc = b * b\nd = np.exp(a)\nloss = c + np.sum(d * w)", a=a, w=W.copy())
    reverse = Reverse(run.recording(), set(range(len(run.tape.storage_layout))), {})
    reverse.keep = set(range(len(run.tape)))
    visits = reverse.sweep([(len(run.tape), run.code("loss"), 1.0)]).visits
    assert visits[run.tape.storage_born[run.tape.storage_of(run.code("b"))]] == pytest.approx(2 * 3 * A[1])
    assert np.array_equal(visits[run.tape.storage_born[run.tape.storage_of(run.code("d"))]], W)


# ----- rounding -----


def test_the_bound_of_a_long_sum_grows_with_its_partial_sums() -> None:
    n = 20_000
    a, x = np.array([0.1]), np.random.default_rng(0).normal(0, 1, n)
    text = HEAD + "loss = 0.0\nfor v in x:\n    loss = loss + a[0] * v"
    run = record(text, a=a, x=x)
    reverse, sweep = run.sweep("loss")
    error = abs(float(run.adjoint(reverse, sweep, a)[0] - np.sum(x.astype(np.longdouble))))
    assert error <= 2.0**-53 * run.bound(reverse, sweep, a)[0]


@pytest.mark.parametrize("seed", [0, 1])
def test_no_correct_gradient_is_called_wrong(seed: int) -> None:
    """10,000 of them with GRADCHECK_CASES=46; see tests/benchmarks/bounds.py for the figures."""
    found = list(bounds.sample(int(os.environ.get("GRADCHECK_CASES", "4")), seed))
    settled = Counter(o.settled.agreement for o in found)
    assert settled["off"] == 0, [o for o in found if o.settled.agreement == "off"]
    assert settled["unclear"] <= 0.01 * len(found)
    assert [o.program for o in found if not o.seen] == []


def test_a_saturated_sigmoid_needs_measured_rounding() -> None:
    text = HEAD + "s = 1.0 / (1.0 + np.exp(-(x @ a)))\nloss = -np.sum(np.log(1.0 - s))\nda = x.T @ s"
    a = np.array([7.0, 11.0, 3.0])
    run = record(text, a=a, x=np.array([[1.0, 1.3, 0.1], [0.2, 1.1, 0.7]]))
    recording = run.recording()
    reverse, sweep = run.sweep("loss", recording=recording)
    t, m, u = run.adjoint(reverse, sweep, a), run.bound(reverse, sweep, a), run.names["da"]
    assert not compare(u, t, m).exact
    others = again(recording, recording.replay.start)
    ts = [run.adjoint(*run.sweep("loss", recording=r, bounded=False), a) for r in others]
    us = [r.replay.load(r.state, run.code("da")) for r in others]
    assert settle(u, t, m, 0.0, us, ts).agreement == "exact"
    wrong = np.array([1.0, 1.0, 1.001])
    assert not settle(u * wrong, t, m, 0.0, [v * wrong for v in us], ts).exact


def test_measured_rounding_leaves_choices_alone() -> None:
    """A maximum is still found in its array; a comparison that rounding decides makes the sample void."""
    a = A.copy()
    steady = record(
        HEAD + "b = np.exp(a)\nm = np.max(b)\nloss = np.sum((b == m) * b) + np.sum(b[a * 0 == 0])", a=a
    ).recording()
    assert len(again(steady, steady.replay.start)) == 3
    a = A.copy()
    shaky = record(HEAD + "b = np.exp(a) * 3.0\nc = np.exp(a) * 3.0\nloss = np.sum((b == c) * b)", a=a).recording()
    assert len(again(shaky, shaky.replay.start)) < 3


def test_only_what_rounds_is_perturbed() -> None:
    run = record(
        HEAD + "b = np.maximum(a, 0.0)\nc = b * 2.0\nd = c[::2].copy()\ne = np.sum(d)\nf = np.ones(3) + 1.0", a=A.copy()
    )
    tape = run.tape
    inexact = {getattr(tape.entry(n)[0].fn, "__name__", ""): is_inexact(tape.entry(n)[0]) for n in range(len(tape))}
    assert {k: v for k, v in inexact.items() if k != "ones"} == {
        "maximum": False,
        "mul": True,
        "copy": False,
        "sum": True,
        "add": True,
    }
    recording = run.recording()
    replay = Perturbed(recording.replay, recording.state, set(), 0)
    state = replay.start()
    replay.run(state, range(len(tape)))
    assert np.all(replay.load(state, run.code("f")) == 2.0)  # integers add exactly
    c = replay.load(state, run.code("c"))
    assert np.any(c != run.names["c"]) and np.allclose(c, run.names["c"], rtol=3e-16, atol=0.0)


@pytest.mark.parametrize("factor", [1.0, -0.5, 1e9])
def test_an_error_of_100_times_the_allowed_is_seen_in_any_entry(factor: float) -> None:
    rng = np.random.default_rng(1)
    t = rng.normal(0, 1, 50) * 10.0 ** rng.uniform(-3, 0, 50)
    m = np.abs(t) * 10 + 1.0
    assert compare(factor * t, t, m).exact
    for place in range(50):
        u = factor * t
        u[place] += 100 * abs(factor) * max(SLACK * 2.0**-52 * (m[place] + abs(t[place])), 1e-12 * np.linalg.norm(t))
        assert not compare(u, t, m).exact
