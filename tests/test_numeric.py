"""Differences, complex step, forms and localisation on functions whose derivatives are known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from gradcheck.numeric import complexstep, difference, forms, locate, probes
from gradcheck.numeric.difference import Sample
from gradcheck.numeric.target import Place, Surroundings, Target, rounding_unit
from gradcheck.numeric.tree import Leaf, leaves, rebuild
from gradcheck.numeric.verdict import BUDGET, Check, judge

SMOOTH: dict[str, tuple[Callable[[float], float], float]] = {
    "sine": (lambda t: math.sin(1 + t), math.cos(1)),
    "exponential": (lambda t: math.exp(3 + t), math.exp(3)),
    "cubic": (lambda t: (2 + t) ** 3, 12.0),
    "line": (lambda t: 5.0 - 2.5 * t, -2.5),
    "constant": (lambda t: 7.0, 0.0),
    "stiff": (lambda t: math.sin(200 * t), 200.0),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("h", [1e-4, 1e-6])
def test_two_point_is_off_by_its_noise_and_the_third_derivative(name: str, h: float) -> None:
    f, slope = SMOOTH[name]
    third = 200.0**3 if name == "stiff" else 21.0  # of the exponential; the others have less
    found = difference.two_point(f, h)
    assert abs(found.value - slope) <= found.error + third * h**2 / 6 * 1.1
    assert found.error <= 1e-14 / h * max(1.0, abs(f(0.0)))


@pytest.mark.parametrize("noise", [1e-12, 1e-6])
def test_noise_level(noise: float) -> None:
    rng = np.random.default_rng(0)
    found = [
        difference.noise_level(np.sin(1 + 1e-7 * np.arange(8)) + noise * rng.standard_normal(8), 2.0**-52)
        for _ in range(30)
    ]
    assert 0.2 * noise < np.median(found) < 2 * noise


def test_noise_level_is_never_below_the_last_bit() -> None:
    assert difference.noise_level(np.full(8, 1e6), 2.0**-52) == 2.0**-54 * 1e6


def sampled(f: Callable[[float], float]) -> Callable[[float], Sample]:
    return lambda h: Sample(h, (f(h) - f(-h)) / (2 * h), (f(h) + f(-h) - 2 * f(0.0)) / (2 * h))


EXPLORED: dict[str, tuple[Callable[[float], float], float, float]] = {
    "smooth": (lambda t: math.sin(1 + t), math.cos(1), 1e-16),
    "fast": (lambda t: math.sin(1e5 * t), 1e5, 1e-16),
    "kink nearby": (lambda t: abs(t - 1e-7), -1.0, 1e-16),
    "rounded": (lambda t: round(math.sin(1 + t), 7), math.cos(1), 3e-8),
    "domain ends nearby": (lambda t: math.log(1e-6 + t) if t > -1e-6 else math.nan, 1e6, 1e-15),
}


@pytest.mark.parametrize("name", EXPLORED)
def test_explore_finds_a_spacing(name: str) -> None:
    f, slope, noise = EXPLORED[name]
    start = 2.0**-6 if name == "rounded" else 2.0**-15
    ladder = difference.explore(sampled(f), start, noise, lambda e: e.error <= 1e-7 * abs(e.value), 8)
    assert abs(ladder.best.value - slope) <= ladder.best.error
    assert ladder.best.error < 1e-3 * abs(slope)
    assert len(ladder.samples) <= 8


def test_a_kink_at_the_point_is_told() -> None:
    ladder = difference.explore(sampled(lambda t: 3 * abs(t) + t), 2.0**-15, 1e-16, lambda e: False, 5)
    assert ladder.best.tie
    assert ladder.best.kink == pytest.approx(3.0)
    assert not difference.explore(sampled(math.sin), 2.0**-15, 1e-16, lambda e: False, 5).best.tie


def stepped(f: Callable[..., object], x: np.ndarray) -> float:
    return complexstep.evaluate(lambda: f(complexstep.step(x, np.ones_like(x))))[1]


ANALYTIC: dict[str, tuple[Callable[..., object], Callable[[np.ndarray], np.ndarray]]] = {
    "abs": (lambda x: np.abs(x).sum(), np.sign),
    "norm": (np.linalg.norm, lambda x: x / np.linalg.norm(x)),
    "var": (np.var, lambda x: 2 * (x - x.mean()) / x.size),
    "var by axis": (
        lambda x: np.sum(x.reshape(2, 2).var(axis=0, ddof=1)),
        lambda x: np.array([1, 1, -1, -1]) * np.tile(x[:2] - x[2:], 2),
    ),
    "std": (np.std, lambda x: (x - x.mean()) / x.size / x.std()),
    "vdot": (lambda x: np.vdot(x, x), lambda x: 2 * x),
    "maximum": (lambda x: np.maximum(x, 0).sum(), lambda x: x > 0),
    "clip": (lambda x: np.clip(x, -1, 1).sum(), lambda x: np.abs(x) < 1),
    "where": (lambda x: np.where(x > 0, x * x, 0).sum(), lambda x: 2 * x * (x > 0)),
    "power": (lambda x: np.sum(np.abs(x) ** 1.5), lambda x: 1.5 * np.abs(x) ** 0.5 * np.sign(x)),
    "logaddexp": (lambda x: np.logaddexp(0, x).sum(), lambda x: 1 / (1 + np.exp(-x))),
    "arctan2": (lambda x: np.arctan2(x, 2.0).sum(), lambda x: 2 / (4 + x * x)),
    "float at the end": (lambda x: float(np.sum(x * x)), lambda x: 2 * x),
    "cast to float32": (lambda x: np.sum(x.astype(np.float32) ** 2), lambda x: 2 * x),
    "einsum": (lambda x: np.einsum("i,i->", x, np.tanh(x)), lambda x: np.tanh(x) + x * (1 - np.tanh(x) ** 2)),
    "in place": (lambda x: _in_place(x), lambda x: 3 * np.ones_like(x)),
    "concatenated": (lambda x: np.prod(np.concatenate([x[:1], x[1:2]])), lambda x: np.array([x[1], x[0], 0, 0])),
}


def _in_place(x: np.ndarray) -> object:
    y = np.zeros_like(x)
    y += x
    y *= 3
    return y.sum()


@pytest.mark.parametrize("name", ANALYTIC)
def test_the_complex_step_sees_through(name: str) -> None:
    f, derivative = ANALYTIC[name]
    x = np.array([0.7, -1.4, 2.5, -0.3])
    assert stepped(f, x) == pytest.approx(float(np.sum(derivative(x))), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: math.log(x[0]),
        lambda x: _kept(x),
        lambda x: float(x[0]) + 1.0,
        lambda x: 3.0,
        lambda x: np.linalg.norm(x.reshape(2, 2), 2),
    ],
    ids=["math", "real array", "sum of floats", "constant", "spectral norm"],
)
def test_the_complex_step_says_when_it_cannot(f: Callable[..., object]) -> None:
    with pytest.raises(complexstep.Unsupported):
        stepped(f, np.array([0.7, 1.4, 2.5, 0.3]))


def _kept(x: np.ndarray) -> object:
    kept = np.zeros(4)
    kept[:] = x
    return kept.sum()


@pytest.mark.parametrize(
    "tree",
    [
        np.ones(2),
        [np.ones(2), np.zeros((2, 2))],
        {"a": np.ones(1), "b": [np.ones(2), {"c": 1.5}]},
        (np.ones(2), None, []),
        [[0.1, 0.2], [0.3]],
    ],
    ids=["array", "list", "nested", "gaps", "numbers"],
)
def test_trees_come_back(tree: object) -> None:
    found = leaves(tree)
    again = rebuild(tree, [np.asarray(leaf.value) for leaf in found])
    assert repr(again) == repr(tree)


def test_leaves_have_literal_names() -> None:
    names = [leaf.name for leaf in leaves({"W": [np.ones(1), np.ones(1)], "b": 2.0})]
    assert names == ["params['W'][0]", "params['W'][1]", "params['b']"]


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (np.ones(9, np.float32), 2.0**-24),
        (np.linspace(0.1, 1, 9), 2.0**-53),
        (np.linspace(0.1, 1, 9).astype(np.float32).astype(float), 2.0**-24),
        (np.arange(9.0), 2.0**-53),
        (np.ones(3, np.float16), 2.0**-11),
    ],
)
def test_rounding_unit_by_dtype_and_bits(values: np.ndarray, unit: float) -> None:
    assert rounding_unit(values) == unit


def target_of(loss: Callable[..., object], x: np.ndarray) -> Target:
    target = Target(lambda tree: loss(tree), x, [Place(Leaf((), "x", x), x)], Surroundings([], [x]))
    target.first_look()
    target.measure_noise(np.random.default_rng(0))
    return target


def check_of(loss: Callable[..., object], x: np.ndarray, gradient: np.ndarray) -> Check:
    return Check(target_of(loss, x), 0, gradient, 2.0**-53, 0)


def real_only(loss: Callable[[np.ndarray], object]) -> Callable[[np.ndarray], object]:
    def wrapped(x: np.ndarray) -> object:
        kept = np.zeros(x.shape)
        kept[...] = x
        return loss(kept)

    return wrapped


def wave(x: np.ndarray) -> object:
    return np.sum(np.sin(x) * np.arange(1, x.size + 1).reshape(x.shape))


def wave_slope(x: np.ndarray) -> np.ndarray:
    return np.cos(x) * np.arange(1, x.size + 1).reshape(x.shape)


@pytest.mark.parametrize("oracle", ["complex step", "central differences"])
@pytest.mark.parametrize("error", ["spread", "one entry"])
def test_errors_twice_the_smallest_are_found(oracle: str, error: str) -> None:
    loss = wave if oracle == "complex step" else real_only(wave)
    rng = np.random.default_rng(1)
    found = 0
    for trial in range(100):
        x = rng.standard_normal((6, 5))
        gradient = wave_slope(x)
        target = target_of(loss, x)
        right = judge(Check(target, 0, gradient, 2.0**-53, trial), 0.1)
        assert (right.verdict, right.oracle) == ("right", oracle)
        assert right.evaluations <= BUDGET
        assert right.smallest_error is not None and right.smallest_error < 1e-5
        planted = (
            rng.standard_normal(x.shape) if error == "spread" else (np.arange(30) == trial % 30).reshape(6, 5) * 1.0
        )
        planted *= 2 * right.smallest_error * np.linalg.norm(gradient) / np.linalg.norm(planted)
        found += judge(Check(target, 0, gradient + planted, 2.0**-53, trial), 0.1).verdict == "wrong"
    assert found >= 99


def test_smallest_error_is_what_normal_numbers_say() -> None:
    rng = np.random.default_rng(2)
    bounds = [1.0, 2.0, 0.5]
    size = 2 * probes.smallest_error(bounds)
    readings = np.abs(size * rng.standard_normal((100_000, 3)))
    missed = np.mean(np.all(readings <= bounds, axis=1))
    assert 0.003 < missed < 0.005


LOCATED: dict[str, tuple[Callable[[np.ndarray], None], list[int], list[int]]] = {
    "one entry": (lambda g: g.__setitem__((7, 3), 9.0), [7], [3]),
    "a row": (lambda g: g.__setitem__(4, 0.0), [4], list(range(6))),
    "a column": (lambda g: g.__setitem__((slice(None), 2), 1.0), list(range(11)), [2]),
    "two corners": (lambda g: (g.__setitem__((0, 0), 3.0), g.__setitem__((10, 5), 3.0)), [0, 10], [0, 5]),  # type: ignore[func-returns-value, dict-item]
}


@pytest.mark.parametrize("exact", [True, False], ids=["complex", "differences"])
@pytest.mark.parametrize("name", LOCATED)
def test_a_failure_is_located(name: str, exact: bool) -> None:
    change, rows, columns = LOCATED[name]
    x = np.random.default_rng(3).standard_normal((11, 6))
    gradient = wave_slope(x)
    change(gradient)
    check = check_of(wave if exact else real_only(wave), x, gradient)
    judgement = judge(check, 0.1)
    assert judgement.verdict == "wrong"
    found = locate.locate(check, judgement.readings[0], exact)
    assert (found.rows, found.columns) == (rows, columns)
    assert found.evaluations <= 11 + 6 + 64
    wrong = [e for e in found.entries if e.wrong]
    assert wrong and all(e.truth == pytest.approx(wave_slope(x)[e.index], rel=1e-4) for e in wrong)


FORMS: dict[str, tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], str, float, float]] = {
    "transposed": (lambda g, x: g.T, "transposed", 1.0, 0.0),
    "transposed and halved": (lambda g, x: g.T / 2, "transposed", 2.0, 0.0),
    "reversed rows": (lambda g, x: g[::-1], "reversed along axis 0", 1.0, 0.0),
    "negative": (lambda g, x: -g, "itself", -1.0, 0.0),
    "penalty missing": (lambda g, x: g - 0.25 * x, "itself", 1.0, 0.25),
}


@pytest.mark.parametrize("name", FORMS)
def test_wrong_formulas_are_proven_by_the_readings(name: str) -> None:
    change, kind, factor, shift = FORMS[name]
    x = np.random.default_rng(4).standard_normal((5, 5))
    gradient = change(wave_slope(x), x)
    judgement = judge(check_of(wave, x, gradient), 0.1)
    form = forms.explain(judgement.readings, gradient, x)
    assert form is not None
    assert (form.kind, form.factor, form.shift) == (kind, pytest.approx(factor), pytest.approx(shift))


def test_no_formula_is_claimed_without_proof() -> None:
    x = np.random.default_rng(5).standard_normal((5, 5))
    gradient = wave_slope(x) * (1 + 0.1 * np.random.default_rng(6).random((5, 5)))
    judgement = judge(check_of(wave, x, gradient), 0.1)
    assert judgement.verdict == "wrong"
    assert forms.scale(judgement.readings) is None
    assert forms.explain(judgement.readings, gradient, x) is None


@pytest.mark.parametrize(
    ("k", "text"),
    [(16.0, "16"), (1 / 128, "1/128"), (-1.0, "-1"), (2 / 3, "2/3"), (0.5, "1/2"), (1.0001, "1.0001"), (-0.25, "-1/4")],
)
def test_factors_in_words(k: float, text: str) -> None:
    assert forms.simple(k, 1e-14) == text
