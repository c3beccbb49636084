"""check_gradients, check_vjp, check_layer and assert_gradients: verdicts, messages, and what is left untouched."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients, check_layer, check_vjp
from gradcheck.errors import UsageError
from gradcheck.functions import GradcheckWarning, assert_gradients
from gradcheck.results import Report

from .benchmarks.verdicts import PEERS, Pair, ours, pairs, tally

RNG = np.random.default_rng(0)
X = RNG.standard_normal((16, 5))
LABELS = RNG.integers(0, 5, 16)
W = RNG.standard_normal((5, 5))
B = RNG.standard_normal(5)


def loss(p: dict[str, np.ndarray]) -> Any:
    z = X @ p["W"] + p["b"]
    z = z - z.max(axis=1, keepdims=True)
    return -np.mean((z - np.log(np.exp(z).sum(axis=1, keepdims=True)))[np.arange(16), LABELS])


def grads(p: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    z = X @ p["W"] + p["b"]
    q = np.exp(z - z.max(axis=1, keepdims=True))
    q /= q.sum(axis=1, keepdims=True)
    q[np.arange(16), LABELS] -= 1
    return {"W": X.T @ q / 16, "b": q.sum(axis=0) / 16}


def params() -> dict[str, np.ndarray]:
    return {"W": W.copy(), "b": B.copy()}


def changed(**changes: Callable[[np.ndarray], Any]) -> Callable[[Any], Any]:
    def wrong(p: Any) -> Any:
        found = grads(p)
        return {k: changes[k](g) if k in changes else g for k, g in found.items()}

    return wrong


def verdicts(report: Report) -> list[str]:
    return [p.verdict for p in report.parameters]


# The battery ----------------------------------------------------------------------------------------------------------

BATTERY = pairs()


def test_the_battery_is_large_and_half_of_it_made_by_operators() -> None:
    made = sum(pair.made == "operator" for pair in BATTERY)
    assert len(BATTERY) >= 60 and made >= len(BATTERY) / 2
    assert 40 <= sum(pair.right for pair in BATTERY) <= len(BATTERY) - 40
    assert len({pair.name for pair in BATTERY}) == len(BATTERY)


def test_the_battery() -> None:
    found = tally("gradcheck", ours, BATTERY)
    assert (found["false alarms"], found["misses"]) == ([], [])
    assert len(found["inconclusive"]) <= 0.02 * len(BATTERY), found["inconclusive"]


def test_the_battery_is_hard_enough_to_tell_checkers_apart() -> None:
    small = [p for p in BATTERY if sum(a.size for a in p.params) < 1000]
    found = tally("autograd's rule", PEERS["autograd check_grads rule"][1], small)
    assert len(found["false alarms"]) >= 3 and len(found["misses"]) >= 2


# Names of mistakes ----------------------------------------------------------------------------------------------------

MISTAKES: dict[str, tuple[dict[str, Callable[[np.ndarray], Any]], str, str]] = {
    "sum": (
        {"W": lambda g: 16 * g, "b": lambda g: 16 * g},
        "every gradient is 16 times too large",
        "16 is the number of rows of X",
    ),
    "sign": (
        {"b": lambda g: -g},
        "the gradient of params['b'] is the negative of the true one",
        "analytic = -1 x true",
    ),
    "half": ({"W": lambda g: g / 2}, "the gradient of params['W'] is 2 times too small", "analytic = 1/2 x true"),
    "nearly": ({"W": lambda g: 1.0001 * g}, "the gradient of params['W'] is 0.0001 too large", "1.0001 x true"),
    "transposed": (
        {"W": lambda g: g.T},
        "the gradient of params['W'] is right when it is transposed",
        "along every direction",
    ),
    "entry": (
        {"W": lambda g: g * np.where(np.arange(25) == 13, 1.01, 1).reshape(5, 5)},
        "in entry [2, 3] only",
        "1.01",
    ),
    "row": ({"W": lambda g: g * (np.arange(5) != 1)[:, None]}, "in row 1 only", "[1, 0]"),
    "decay": ({"W": lambda g: g + 0.01 * W}, "adds 0.01 times params['W'] itself", "-0.01 x params['W']"),
    "zero": ({"b": lambda g: 0 * g}, "the gradient of params['b'] is zero, the true one is not", "[0]"),
    "shape": (
        {"b": lambda g: g[None]},
        "the gradient of params['b'] has another shape",
        "reshaped it, and every value is right",
    ),
    "nan": (
        {"b": lambda g: g + np.array([0, np.nan, 0, 0, 0])},
        "the gradient of params['b'] holds 1 value that is not finite",
        "",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_mistake_is_named(name: str) -> None:
    changes, headline, proof = MISTAKES[name]
    report = check_gradients(loss, params(), changed(**changes))
    assert report.verdict == "errors"
    (finding,) = report.findings
    assert headline in finding.message
    assert proof in "\n".join(finding.proof)
    assert finding.file == "test_check_gradients.py" and finding.function == "wrong"
    untouched = {"W", "b"} - set(changes)
    assert [p.verdict for p in report.parameters if p.name[8] in untouched] == ["right"] * len(untouched)


def test_a_right_gradient_says_what_it_could_have_seen() -> None:
    report = check_gradients(loss, params(), grads)
    assert (report.verdict, verdicts(report), report.findings) == ("clean", ["right", "right"], [])
    for p in report.parameters:
        assert p.smallest_error is not None and p.smallest_error < 1e-12
        assert p.evaluations is not None and p.evaluations <= 25
        assert (p.relative_error, p.scale) == (0.0, 1.0)
    assert Report.from_json(report.to_json()) == report


def test_gradients_off_by_rounding_of_a_guard_are_a_warning() -> None:
    def guarded(p: np.ndarray) -> Any:
        return -np.mean(np.log(p + 1e-8))

    report = check_gradients(guarded, np.linspace(0.2, 0.9, 8), lambda p: -1 / p / 8)
    assert report.verdict == "clean"
    assert [(f.rule, f.severity) for f in report.findings] == [("gradient-mismatch", "warning")]


# What it costs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(3, 2), (40, 60), (300, 200)])
@pytest.mark.parametrize("kind", ["complex", "real"])
def test_a_verdict_costs_the_same_at_any_size(size: tuple[int, int], kind: str) -> None:
    calls = 0
    weights = np.random.default_rng(1).standard_normal(size)

    def counted(p: list[np.ndarray]) -> Any:
        nonlocal calls
        calls += 1
        kept = p[0] if kind == "complex" else np.array(p[0], dtype=float) + 0 * np.zeros(size).__iadd__(p[0])
        return np.sum(weights * np.sin(kept)) + np.sum(np.maximum(p[1], 0) ** 2)

    start = [weights + 1, weights[0]]
    report = check_gradients(counted, start, lambda p: [weights * np.cos(p[0]), 2 * np.maximum(p[1], 0)])
    assert verdicts(report) == ["right", "right"]
    assert calls <= 2 * 25 + 9
    calls = 0
    report = check_gradients(counted, start, lambda p: [weights * np.sin(p[0]), 2 * np.maximum(p[1], 0)])
    assert verdicts(report) == ["wrong", "right"]
    assert calls <= 2 * 25 + 9 + sum(size) + 64


def test_exhaustive_looks_at_every_entry() -> None:
    seen: list[tuple[int, int]] = []
    wrong = changed(W=lambda g: g * np.where(np.arange(25) % 7 == 0, 1.5, 1.0).reshape(5, 5))
    report = check_gradients(
        loss, params(), wrong, exhaustive=True, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(i, 25) for i in range(1, 26)] + [(i, 5) for i in range(1, 6)]
    assert verdicts(report) == ["wrong", "right"]
    assert sorted(e["index"][0] * 5 + e["index"][1] for e in report.parameters[0].entries) == [0, 7, 14, 21]
    assert "in 4 of 25 entries" in report.findings[0].message


# Ways to pass things --------------------------------------------------------------------------------------------------


def quadratic(*arrays: Any) -> Any:
    return sum(np.sum((i + 1) * np.asanyarray(a) ** 2) for i, a in enumerate(arrays))


A1, A2 = RNG.standard_normal((3, 2)), RNG.standard_normal(4)
CALLS: dict[str, tuple[Callable[..., Any], Any, Any]] = {
    "array": (lambda p: quadratic(p), A1, 2 * A1),
    "list": (lambda p: quadratic(*p), [A1, A2], [2 * A1, 4 * A2]),
    "list, spread": (lambda a, b: quadratic(a, b), [A1, A2], [2 * A1, 4 * A2]),
    "tuple": (lambda p: quadratic(*p), (A1, A2), (2 * A1, 4 * A2)),
    "dict": (lambda p: quadratic(p["a"], p["b"]), {"a": A1, "b": A2}, {"a": 2 * A1, "b": 4 * A2}),
    "dict, keywords": (lambda a, b: quadratic(a, b), {"a": A1, "b": A2}, {"b": 4 * A2, "a": 2 * A1}),
    "dict, d-names": (lambda p: quadratic(p["a"], p["b"]), {"a": A1, "b": A2}, {"da": 2 * A1, "db": 4 * A2}),
    "nested": (lambda p: quadratic(p[0]["w"], p[1]), [{"w": A1}, A2], [{"w": 2 * A1}, 4 * A2]),
    "number": (lambda p: 3 * p**2, 1.5, 9.0),
    "numbers": (lambda p: p[0] ** 2 + 5 * p[1], [1.5, 2.0], [3.0, 5.0]),
    "function of gradients": (lambda p: quadratic(p), A1, lambda p: 2 * p),
    "result of shape (1,)": (lambda p: np.sum(p**2).reshape(1), A1, 2 * A1),
    "float32": (lambda p: quadratic(p), A1.astype(np.float32), lambda p: 2 * p),
    "float16": (lambda p: quadratic(p), A1.astype(np.float16), lambda p: 2 * p),
    "non-contiguous": (lambda p: quadratic(p), A1.T, 2 * A1.T),
    "no dimension": (lambda p: p**2, np.array(3.0), np.array(6.0)),
}


@pytest.mark.parametrize("name", CALLS)
def test_parameters_in_any_structure(name: str) -> None:
    function, start, gradient = CALLS[name]
    report = check_gradients(function, start, gradient)
    assert set(verdicts(report)) == {"right"}, report
    if not callable(gradient) and isinstance(gradient, np.ndarray):
        assert verdicts(check_gradients(function, start, 1.01 * gradient)) == ["wrong"]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_loss_without_arguments_reads_arrays_that_are_put_back(dtype: type) -> None:
    w, b = W.astype(dtype), B.astype(dtype)
    before = w.tobytes(), b.tobytes()

    def closed() -> Any:
        return loss({"W": w, "b": b})

    found = grads({"W": w, "b": b})
    report = check_gradients(closed, [w, b], [found["W"], found["b"]])
    assert verdicts(report) == ["right", "right"]
    assert verdicts(check_gradients(closed, [w, b], [-found["W"], found["b"]])) == ["wrong", "right"]
    assert (w.tobytes(), b.tobytes()) == before


def test_arrays_are_put_back_after_an_exception() -> None:
    w = W.copy()
    calls = 0

    def failing() -> Any:
        nonlocal calls
        calls += 1
        if calls == 12:
            raise KeyError("at the twelfth call")
        return np.sum(w**2)

    with pytest.raises(KeyError, match="twelfth"):
        check_gradients(failing, w, 2 * w)
    assert w.tobytes() == W.tobytes()


def test_arguments_are_never_changed() -> None:
    start = params()
    check_gradients(loss, start, changed(W=lambda g: g.T))
    assert (start["W"].tobytes(), start["b"].tobytes()) == (W.tobytes(), B.tobytes())


# Clear answers --------------------------------------------------------------------------------------------------------


def test_random_numbers_are_replayed_and_left_where_they_were() -> None:
    generator = np.random.default_rng(5)
    random.seed(3)
    np.random.seed(4)
    states = random.getstate(), np.random.get_state()[1].tolist(), generator.bit_generator.state

    def dropped(p: np.ndarray) -> Any:
        return np.sum((p * (generator.random(p.shape) < 0.5) * (1 + np.random.rand()) * random.random()) ** 2)

    def gradient(p: np.ndarray) -> np.ndarray:
        mask = (generator.random(p.shape) < 0.5) * (1 + np.random.rand()) * random.random()
        return 2 * p * mask**2

    report = check_gradients(dropped, W, gradient)
    assert verdicts(report) == ["right"]
    assert any("replayed" in line for line in report.changed)
    assert (random.getstate(), np.random.get_state()[1].tolist(), generator.bit_generator.state) == states


def test_a_loss_that_keeps_changing_is_not_judged() -> None:
    calls = [0]

    def drifting(p: np.ndarray) -> Any:
        calls[0] += 1
        return np.sum(p**2) * calls[0]

    report = check_gradients(drifting, W, 2 * W)
    assert verdicts(report) == ["not_judged"]
    assert [f.rule for f in report.findings] == ["loss-not-deterministic"]
    assert report.exit_code() == 1


def test_a_loss_that_changes_its_parameters_is_told_and_judged() -> None:
    def changing(p: np.ndarray) -> Any:
        p *= 2
        return np.sum(p**2)

    report = check_gradients(changing, W, 8 * W)
    assert verdicts(report) == ["right"]
    assert [f.rule for f in report.findings] == ["loss-changes-parameters"]
    closed = W.copy()
    report = check_gradients(lambda: changing(closed), closed, 8 * W)
    assert verdicts(report) == ["right"] and closed.tobytes() == W.tobytes()


def test_a_loss_that_changes_its_data_is_told_and_judged() -> None:
    data = X.copy()

    def normalising(p: np.ndarray) -> Any:
        nonlocal data
        data /= 2
        return np.sum(data @ p)

    report = check_gradients(normalising, W, np.repeat(X.sum(axis=0)[:, None] / 2, 5, axis=1))
    assert verdicts(report) == ["right"]
    assert [(f.rule, f.severity) for f in report.findings] == [("loss-changes-inputs", "warning")]
    assert "data" in report.findings[0].message
    assert data.tobytes() == X.tobytes()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_loss_that_is_not_finite(value: float) -> None:
    report = check_gradients(lambda p: np.sum(p) * value, W, W)
    assert verdicts(report) == ["not_judged"]
    assert [f.rule for f in report.findings] == ["loss-not-finite"]


UNFIT: dict[str, tuple[Any, str]] = {
    "integers": (np.arange(3), "integers have no derivative"),
    "truth values": (np.ones(3, bool), "truth values have no derivative"),
    "complex": (np.ones(3, complex), "complex parameters are not supported"),
    "objects": (np.array(["a", "b"]), "holds no numbers"),
    "nan": (np.array([1.0, np.nan]), "1 value that is not finite"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_parameter_that_cannot_be_judged_says_why(name: str) -> None:
    value, reason = UNFIT[name]
    report = check_gradients(lambda p: np.sum(p[0] ** 2), [W, value], [2 * W, value])
    assert verdicts(report) == ["right", "not_judged"]
    assert reason in report.parameters[1].reason
    assert (report.verdict, report.exit_code()) == ("partly_judged", 3)


def test_a_missing_gradient_names_the_key_that_is_close() -> None:
    report = check_gradients(loss, params(), lambda p: {"W": grads(p)["W"], "B": grads(p)["b"]})
    (finding,) = report.findings
    assert finding.rule == "gradient-missing" and finding.parameter == "params['b']"
    assert "grads['B'] belongs to no parameter" in finding.proof
    assert [n.what for n in report.not_checked] == ["grads['B']"]


def test_transposed_shapes_are_proven() -> None:
    report = check_gradients(lambda p: np.sum(X[:, :3] @ p), np.ones((3, 2)), np.ones((2, 1)) * X[:, :3].sum(axis=0))
    (finding,) = report.findings
    assert finding.rule == "gradient-shape"
    assert "its transpose, and every value is right" in finding.proof


def test_zeros_and_empty_arrays_are_right_answers() -> None:
    start = [W, np.zeros((0, 3)), B]
    report = check_gradients(lambda p: np.sum(p[0] ** 2), start, [2 * W, np.zeros((0, 3)), np.zeros(5)])
    assert verdicts(report) == ["right", "right", "right"]
    assert [p.reason for p in report.parameters[1:]] == ["empty", "zero, and the loss does not depend on it"]


USAGE: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "nothing": (lambda: check_gradients(loss, {}, {}), UsageError, "holds no array"),
    "vector": (lambda: check_gradients(lambda p: p, W, W), TypeError, r"shape \(5, 5\)"),
    "pair": (lambda: check_gradients(lambda p: (1.0, p), W, W), TypeError, "tuple of 2"),
    "arguments": (lambda: check_gradients(lambda p, x, y: 0.0, W, W), UsageError, "takes 3 arguments: p, x, y"),
    "no layer": (lambda: check_layer(object(), X), UsageError, "no method forward"),
}


@pytest.mark.parametrize("name", USAGE)
def test_wrong_usage_has_a_clear_message(name: str) -> None:
    call, kind, message = USAGE[name]
    with pytest.raises(kind, match=message):
        call()


def test_float32_overflow_is_told_apart_from_the_formula() -> None:
    def overflowing(p: np.ndarray) -> np.ndarray:
        e = np.exp(p)
        return np.asarray(e / (1 + e) if p.dtype != np.float32 else (e * e) / (e * e + e))

    start = np.array([60.0, 1.0], dtype=np.float32)
    report = check_gradients(lambda p: np.sum(np.logaddexp(0, p)), start, overflowing)
    assert verdicts(report) == ["right"]
    assert [(f.rule, f.severity) for f in report.findings] == [("precision-loss", "warning")]
    assert "in float32" in report.findings[0].message


# Pairs with an upstream gradient, layers ------------------------------------------------------------------------------


def forward(p: list[np.ndarray]) -> Any:
    return np.tanh(X @ p[0] + p[1])


@pytest.mark.parametrize(("power", "verdict"), [(2, "right"), (1, "wrong")])
def test_check_vjp(power: int, verdict: str) -> None:
    def backward(upstream: np.ndarray) -> list[np.ndarray]:
        d = upstream * (1 - forward([W, B]) ** power)
        return [X.T @ d, d.sum(axis=0)]

    report = check_vjp(forward, backward, [W, B])
    assert set(verdicts(report)) == {verdict}


class Dense:
    """A layer in one of the styles that people write."""

    def __init__(self, style: str, mistake: float = 1.0) -> None:
        self.w, self.b, self.mistake, self.style = W.copy(), B.copy(), mistake, style
        self.dw, self.db = np.zeros_like(W), np.zeros_like(B)
        if style == "dicts":
            self.params = {"w": self.w, "b": self.b}
            self.grads: Any = {}
        elif style == "lists":
            self.parameters = lambda: [self.w, self.b]
            self.gradients = lambda: [self.dw, self.db]

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return np.tanh(x @ self.w + self.b)

    def backward(self, upstream: np.ndarray) -> np.ndarray:
        d = upstream * (1 - self.forward(self.x) ** 2)
        found = self.mistake * self.x.T @ d, d.sum(axis=0)
        if self.style == "adds up":
            self.dw += found[0]
            self.db += found[1]
        else:
            self.dw, self.db = found
        if self.style == "dicts":
            self.grads = {"w": self.dw, "b": self.db}
        return np.asarray(d @ self.w.T)


@pytest.mark.parametrize("style", ["dicts", "lists", "attributes", "adds up"])
def test_check_layer(style: str) -> None:
    layer = Dense(style)
    report = check_layer(layer, X)
    assert verdicts(report) == ["right", "right", "right"]
    assert report.parameters[-1].name == "x"
    assert layer.w.tobytes() == W.tobytes() and layer.b.tobytes() == B.tobytes()
    wrong = check_layer(Dense(style, mistake=0.5), X)
    assert sorted(verdicts(wrong)) == ["right", "right", "wrong"]
    assert "2 times too small" in wrong.findings[0].message


# Assertions -----------------------------------------------------------------------------------------------------------


def test_assert_gradients_passes_and_returns_the_report() -> None:
    assert assert_gradients(loss, params(), grads).verdict == "clean"


def test_assert_gradients_fails_with_everything_in_the_message() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_gradients(loss, params(), changed(W=lambda g: g * (np.arange(5) != 1)[:, None]))
    text = str(caught.value)
    for part in (
        "1 of 2 gradients wrong",
        "params['W']",
        "in row 1 only",
        "[1, 0]",
        "analytic / true",
        "would have been seen",
    ):
        assert part in text
    assert text.isascii()


def test_assert_gradients_fails_for_what_cannot_be_judged() -> None:
    with pytest.raises(AssertionError, match="integers have no derivative"):
        assert_gradients(lambda p: np.sum(p[0] ** 2.0), [np.arange(3)], [np.arange(3)])


def test_assert_gradients_warns_when_it_cannot_tell() -> None:
    rough = np.random.default_rng(8).standard_normal(4096)

    def noisy(p: np.ndarray) -> Any:
        real = np.asarray(p, dtype=float)
        return float(np.sum(np.sin(50 * real)) + np.sum(rough[np.floor(real * 1e9).astype(int) % 4096]))

    with pytest.warns(GradcheckWarning):
        report = assert_gradients(noisy, np.array([0.3, 0.7]), 50 * np.cos([15.0, 35.0]))
    assert verdicts(report) == ["inconclusive"]


def test_a_pair_is_data() -> None:
    pair = Pair("square", lambda p: np.sum(p[0] ** 2), [W], lambda p: [2 * p[0]], True)
    assert ours(pair) == "right"
