"""What a verdict costs, and ties: loss evaluations are counted in the loss itself, over many networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import check_gradients
from gradcheck.numeric import complexstep
from gradcheck.numeric.target import Place, Surroundings, Target
from gradcheck.numeric.tree import Leaf
from gradcheck.numeric.verdict import BUDGET, Check, judge
from gradcheck.results import Report

PREPARATION = 9
Tree = list[np.ndarray]
Network = tuple[Callable[[Tree], Any], Tree, Callable[[Tree], Tree]]


def network(kind: str, seed: int, *, real: bool = False, tie_slope: float = 0.0) -> Network:
    """Softmax cross-entropy of a network with one hidden layer; `real` keeps complex numbers out."""
    rng = np.random.default_rng(seed)
    dtype = np.float32 if kind == "float32" else np.float64
    x = rng.standard_normal((9, 6)).astype(dtype)
    if kind in ("tie", "ties"):
        x[: 1 if kind == "tie" else 3] = 0  # a row of zeros and a bias of zeros: every hidden unit sits on its kink
    labels, rows = rng.integers(0, 4, 9), np.arange(9)
    params = [rng.standard_normal((6, 7)), np.zeros(7), rng.standard_normal((7, 4)), np.zeros(4)]
    if kind == "near kinks":
        z = x @ params[0]
        params[1] = 10.0 ** rng.uniform(-13, -3, 7) - z[rows[:7], np.arange(7)]
    params = [p.astype(dtype) for p in params]

    def forward(p: Tree) -> tuple[Any, Any, Any]:
        z = x @ p[0] + p[1]
        if real:
            kept = np.zeros(z.shape, dtype)
            kept[...] = z
            z = kept
        h = np.tanh(z) if kind == "tanh" else np.maximum(z, 0)
        return z, h, h @ p[2] + p[3]

    def loss(p: Tree) -> Any:
        scores = forward(p)[2]
        scores = scores - scores.max(axis=1, keepdims=True)
        value = np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[rows, labels])
        if kind == "noise":
            value = value + 1e-5 * np.sin(1e9 * p[0].sum())
        return value

    def grads(p: Tree) -> Tree:
        z, h, scores = forward(p)
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        d = e / e.sum(axis=1, keepdims=True)
        d[rows, labels] -= 1
        d /= 9
        slope = 1 - h**2 if kind == "tanh" else (z > 0) + tie_slope * (z == 0)
        dz = (d @ p[2].T) * slope
        return [x.T @ dz, dz.sum(axis=0), h.T @ d, d.sum(axis=0)]

    return loss, params, grads


def counted(loss: Callable[[Tree], Any], params: Tree, grads: Any, seed: int) -> tuple[Report, int]:
    calls = 0

    def counting(p: Tree) -> Any:
        nonlocal calls
        calls += 1
        return loss(p)

    return check_gradients(counting, params, grads, seed=seed), calls


def allowed(report: Report, params: Tree) -> int:
    """25 a parameter and 9; rows, columns and 64 more for each that is wrong."""
    wrong = [p for row, p in zip(report.parameters, params, strict=True) if row.verdict == "wrong"]
    return BUDGET * len(params) + PREPARATION + sum(len(p) + p.size // len(p) + 64 for p in wrong)


MISTAKES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "right": lambda g: g,
    "negative": lambda g: -g,
    "one entry": lambda g: g * np.where(np.arange(g.size) == 3, 1.5, 1).reshape(g.shape),
    "noisy": lambda g: g * (1 + 0.1 * np.cos(np.arange(g.size))).reshape(g.shape),
    "zero": lambda g: 0 * g,
}


@pytest.mark.parametrize("real", [False, True], ids=["complex step", "differences"])
@pytest.mark.parametrize("kind", ["tanh", "near kinks", "tie", "ties", "float32", "noise"])
def test_the_budget_holds(kind: str, real: bool) -> None:
    for seed in range(4):
        for change in MISTAKES.values():
            loss, params, grads = network(kind, seed, real=real)
            wrong = [change(g) if i < 2 else g for i, g in enumerate(grads(params))]
            report, calls = counted(loss, params, wrong, seed)
            assert calls <= allowed(report, params)
            for row, p in zip(report.parameters, params, strict=True):
                locating = len(p) + p.size // len(p) + 64 if row.verdict == "wrong" else 0
                assert row.evaluations is not None and row.evaluations <= BUDGET + locating


@pytest.mark.parametrize("real", [False, True], ids=["complex step", "differences"])
@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("kind", ["near kinks", "tie", "ties"])
def test_a_right_gradient_at_kinks_is_never_called_wrong(kind: str, slope: float, real: bool) -> None:
    """Kinks of both signs cancel in the one-sided slopes of the loss: those cannot prove a mistake."""
    for seed in range(8):
        loss, params, grads = network(kind, seed, real=real, tie_slope=slope)
        found = [p.verdict for p in check_gradients(loss, params, grads, seed=seed).parameters]
        assert "wrong" not in found
        assert real or kind == "near kinks" or set(found) == {"right"}


def test_mistakes_at_ties_are_found() -> None:
    found = []
    for seed in range(8):
        loss, params, grads = network("tie", seed)
        wrong = [g if i != 1 else -g for i, g in enumerate(grads(params))]
        found.append(check_gradients(loss, params, wrong).parameters[1].verdict)
    assert found.count("wrong") >= 7 and "right" not in found


@pytest.mark.parametrize("pool", [lambda a: a.max(axis=1), lambda a: a[np.arange(len(a)), a.argmax(axis=1)]])
@pytest.mark.parametrize(
    ("winner", "verdict"), [("first", "right"), ("last", "right"), ("all", "not right"), ("none", "not right")]
)
def test_ties_of_a_pool(pool: Callable[[Any], Any], winner: str, verdict: str) -> None:
    x = np.random.default_rng(0).standard_normal((5, 4))
    x[0] = 2.0
    gradient = np.zeros_like(x)
    last = np.where(np.arange(5) == 0, 3, x.argmax(axis=1))
    if winner != "all":
        gradient[np.arange(5), x.argmax(axis=1) if winner == "first" else last] = 2 * x.max(axis=1)
    else:
        gradient = np.where(x == x.max(axis=1, keepdims=True), 2 * x, 0.0)
    if winner == "none":
        gradient[0] = 0.0
    report = check_gradients(lambda p: np.sum(pool(p) ** 2), x, gradient)
    assert (report.parameters[0].verdict == "right") == (verdict == "right")


def test_the_cap_is_in_the_code_not_in_the_arithmetic_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever asks for more than the budget gets an inconclusive verdict."""
    x = np.random.default_rng(0).standard_normal((3, 2))
    target = Target(lambda tree: np.sum(tree**2), x, [Place(Leaf((), "x", x), x)], Surroundings([], [x]))
    target.first_look()
    target.measure_noise(np.random.default_rng(0))
    greedy = Check(target, 0, 2 * x, 2.0**-53, 0)
    monkeypatch.setattr(greedy, "directions", lambda: [(np.ones((3, 2)), False)] * 40)
    judgement = judge(greedy, 0.1)
    assert (judgement.verdict, judgement.evaluations) == ("inconclusive", BUDGET)
    assert "25 loss evaluations did not settle it" in judgement.reason
    assert target.limit == float("inf")
    with target.at_most(2), pytest.raises(complexstep.Spent):
        for _ in range(3):
            target.real()


def test_every_public_name_can_be_imported() -> None:
    names: dict[str, Any] = {}
    exec("from gradcheck import *", names)
    assert set(gradcheck.__all__) <= set(names)
