"""A battery of gradient pairs: verdicts of this package beside those of other checkers, on the same pairs.

    python -m tests.benchmarks.verdicts [--peers]

Each pair is a loss, its parameters and a gradient that is right or wrong for a known reason. Some are written by hand
for what is known to be hard; more than half come from a list of operators applied to a list of networks.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Tree = list[np.ndarray]


@dataclass(frozen=True)
class Pair:
    """A loss of a list of arrays and a gradient function; ``right`` is the answer to be given."""

    name: str
    loss: Callable[[Tree], Any]
    params: Tree
    grads: Callable[[Tree], Tree]
    right: bool
    made: str = "hand"


def relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0)


def network(
    sizes: tuple[int, ...] = (8, 7, 5),
    act: str = "tanh",
    batch: int = 12,
    seed: int = 0,
    dtype: type = np.float64,
    gain: float = 1.0,
    guard: bool = False,
) -> tuple[Callable[[Tree], Any], Tree, Callable[[Tree], Tree]]:
    """Mean softmax cross-entropy of a fully connected network, its parameters and its gradients by hand."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((batch, sizes[0])).astype(dtype)
    labels = rng.integers(0, sizes[-1], batch)
    rows = np.arange(batch)
    params: Tree = []
    for fan_in, fan_out in zip(sizes, sizes[1:], strict=False):
        weights = gain * rng.standard_normal((fan_in, fan_out)) / np.sqrt(fan_in)
        params += [weights.astype(dtype), (0.1 * rng.standard_normal(fan_out)).astype(dtype)]
    f = {"tanh": np.tanh, "relu": relu, "sigmoid": lambda z: 1 / (1 + np.exp(-z))}[act]
    df = {
        "tanh": lambda z: 1 - np.tanh(z) ** 2,
        "relu": lambda z: (z > 0).astype(z.dtype),
        "sigmoid": lambda z: f(z) * (1 - f(z)),
    }[act]

    def forward(p: Tree) -> tuple[Tree, Tree]:
        hs, zs = [x], []
        for i in range(0, len(p), 2):
            z = hs[-1] @ p[i] + p[i + 1]
            if guard:  # a preallocated real array: complex numbers cannot pass
                kept = np.zeros(z.shape, dtype=dtype)
                kept[...] = z
                z = kept
            zs.append(z)
            hs.append(f(z) if i + 2 < len(p) else z)
        return hs, zs

    def loss(p: Tree) -> Any:
        z = forward(p)[1][-1]
        z = z - z.max(axis=1, keepdims=True)
        return np.mean(np.log(np.exp(z).sum(axis=1)) - z[rows, labels])

    def grads(p: Tree) -> Tree:
        hs, zs = forward(p)
        e = np.exp(zs[-1] - zs[-1].max(axis=1, keepdims=True))
        d = e / e.sum(axis=1, keepdims=True)
        d[rows, labels] -= 1
        d = d / batch
        found: Tree = []
        for i in range(len(p) - 2, -1, -2):
            found = [hs[i // 2].T @ d, d.sum(axis=0), *found]
            if i:
                d = (d @ p[i].T) * df(zs[i // 2 - 1])
        return found

    return loss, params, grads


def _changed(grads: Callable[[Tree], Tree], change: Callable[[Tree], None]) -> Callable[[Tree], Tree]:
    def changed(p: Tree) -> Tree:
        found = [np.array(g) for g in grads(p)]
        change(found)
        return found

    return changed


def _set(index: int, value: Callable[[np.ndarray], np.ndarray]) -> Callable[[Tree], None]:
    def change(found: Tree) -> None:
        found[index] = np.asarray(value(found[index]))

    return change


def _entry(index: int, factor: float) -> Callable[[Tree], None]:
    def change(found: Tree) -> None:
        found[index].flat[found[index].size // 2] *= factor

    return change


OPERATORS: dict[str, Callable[[Tree], None] | None] = {
    "untouched": None,
    "sign of one": _set(0, lambda g: -g),
    "sum for mean": lambda found: found.__setitem__(slice(None), [12 * g for g in found]),
    "factor 1.0001": _set(2, lambda g: 1.0001 * g),
    "bias zeroed": _set(1, lambda g: 0 * g),
    "row zeroed": _set(2, lambda g: g * (np.arange(len(g)) != 1)[:, None]),
    "column doubled": _set(0, lambda g: g * np.where(np.arange(g.shape[1]) == 2, 2.0, 1.0)),
    "entry 1 % off": _entry(0, 1.01),
    "bias mean for sum": _set(3, lambda g: np.full_like(g, g.mean())),
    "rows shifted": _set(0, lambda g: np.roll(g, 1, axis=0)),
}

NETWORKS: dict[str, dict[str, Any]] = {
    "tanh": {},
    "relu": {"act": "relu", "seed": 1},
    "sigmoid deep": {"act": "sigmoid", "sizes": (6, 6, 6, 6, 5), "seed": 2},
    "relu, real arrays only": {"act": "relu", "seed": 3, "guard": True},
    "float32": {"dtype": np.float32, "seed": 4},
}


def _fixed(grads: Callable[[Tree], Tree], params: Tree, dtype: type) -> Callable[[Tree], Tree]:
    values = [g.astype(dtype) for g in grads(params)]
    return lambda p: values


def kept_right(label: str, options: dict[str, Any]) -> Iterator[Pair]:
    """Operators that leave a pair right."""
    loss, params, grads = network(**options)
    yield Pair(f"{label}: values", loss, params, _fixed(grads, params, params[0].dtype.type), True, "operator")
    yield Pair(f"{label}: values in float32", loss, params, _fixed(grads, params, np.float32), True, "operator")
    yield Pair(f"{label}: both times 300", _times(loss, 300.0), params, _all_times(grads, 300.0), True, "operator")
    yield Pair(f"{label}: loss plus 7", _plus(loss, 7.0), params, grads, True, "operator")


def made_pairs() -> Iterator[Pair]:
    """Every operator on every network."""
    for label, options in NETWORKS.items():
        loss, params, grads = network(**options)
        for name, change in OPERATORS.items():
            wrong = grads if change is None else _changed(grads, change)
            yield Pair(f"{label}: {name}", loss, params, wrong, change is None, "operator")
        yield from kept_right(label, options)


def _scalar(name: str, f: Any, df: Any, x: Any, right: bool = True) -> Pair:
    """Sum of an elementwise function with its derivative."""
    x = np.asarray(x, dtype=float)
    return Pair(name, lambda p: np.sum(f(p[0])), [x], lambda p: [np.asarray(df(p[0]), dtype=float)], right)


def hand_pairs() -> Iterator[Pair]:
    """Correct but hard, wrong but subtle."""
    yield from _kinks()
    yield from _scales()
    yield from _extreme_arguments()
    yield from _shapes_and_paths()
    yield from _precision()


def _kinks() -> Iterator[Pair]:
    rng = np.random.default_rng(5)
    near = rng.standard_normal(30)
    near[:5] = [1e-9, -1e-9, 1e-7, -1e-12, 1e-5]
    at = near.copy()
    at[:3] = 0.0
    mask = lambda x: (x > 0) * np.cos(x)  # noqa: E731
    smooth = lambda x: np.sin(relu(x))  # noqa: E731
    yield _scalar("relu near its kink", smooth, mask, near)
    yield _scalar(
        "relu near its kink, slope of one side doubled", smooth, lambda x: mask(x) * (1 + (x > 1)), near, False
    )
    yield _scalar("relu at its kink, slope 0", smooth, mask, at)
    yield _scalar("relu at its kink, slope 1", smooth, lambda x: (x >= 0) * np.cos(x), at)
    yield _scalar("relu at its kink, slope 1/2", smooth, lambda x: (x > 0) * np.cos(x) + 0.5 * (x == 0), at)
    yield _scalar("relu at its kink, sign wrong elsewhere", smooth, lambda x: -mask(x), at, False)
    yield _scalar("relu at its kink, slope 3", smooth, lambda x: mask(x) + 3.0 * (x == 0), at, False)
    yield _scalar("absolute value", lambda x: np.abs(x) * x**2, lambda x: 3 * x * np.abs(x), near)
    yield _scalar("absolute value, sign forgotten", lambda x: np.abs(x), lambda x: np.ones_like(x), near, False)
    yield _scalar(
        "leaky relu, other leak", lambda x: np.where(x > 0, x, 0.1 * x), lambda x: np.where(x > 0, 1, 0.11), near, False
    )
    yield _scalar("huber", _huber, lambda x: np.clip(x, -1, 1), 3 * near)
    pool = rng.standard_normal((4, 6))
    pool[0] = 1.0
    pool[1, :2] = pool[1].max() + 1
    yield Pair("max pool with ties", lambda p: np.sum(np.max(p[0], axis=1) ** 2), [pool], lambda p: [_pool(p[0])], True)
    yield Pair(
        "max pool, all ties fed",
        lambda p: np.sum(np.max(p[0], axis=1) ** 2),
        [pool],
        lambda p: [_pool_all(p[0])],
        False,
    )


def _huber(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) <= 1, 0.5 * x * x, np.abs(x) - 0.5)


def _pool(x: np.ndarray) -> np.ndarray:
    found = np.zeros_like(x)
    rows = np.arange(len(x))
    found[rows, x.argmax(axis=1)] = 2 * x.max(axis=1)
    return found


def _pool_all(x: np.ndarray) -> np.ndarray:
    top = x.max(axis=1, keepdims=True)
    return np.where(x == top, 2 * top, 0.0)


def _scales() -> Iterator[Pair]:
    loss, params, grads = network(seed=6)
    for factor in (1e6, 1e-8):
        scaled, true = _times(loss, factor), _all_times(grads, factor)
        yield Pair(f"loss times {factor:g}", scaled, params, true, True)
        yield Pair(f"loss times {factor:g}, one sign", scaled, params, _changed(true, _set(2, lambda g: -g)), False)
        yield Pair(f"loss times {factor:g}, entry 1 %", scaled, params, _changed(true, _entry(0, 1.01)), False)
    offset = _plus(loss, 1e6)
    yield Pair("loss plus 1e6", offset, params, grads, True)
    yield Pair("loss plus 1e6, bias halved", offset, params, _changed(grads, _set(1, lambda g: g / 2)), False)
    loss, params, grads = network(seed=7, act="tanh", gain=6.0)
    yield Pair("saturated tanh", loss, params, grads, True)
    yield Pair("saturated tanh, factor 1.001", loss, params, _changed(grads, _set(0, lambda g: 1.001 * g)), False)
    x = np.linspace(22, 24, 7)
    yield _scalar("sigmoid, slope 1e-10", lambda z: 1 / (1 + np.exp(-z)), _sigmoid_slope, x)
    yield _scalar("sigmoid, slope 1e-10, sign", lambda z: 1 / (1 + np.exp(-z)), lambda z: -_sigmoid_slope(z), x, False)
    deep = (5,) * 31
    loss, params, grads = network(sizes=deep, seed=8, act="tanh", batch=6)
    yield Pair("30 layers", loss, params, grads, True)
    yield Pair("30 layers, first sign", loss, params, _changed(grads, _set(0, lambda g: -g)), False)


def _times(loss: Callable[[Tree], Any], factor: float) -> Callable[[Tree], Any]:
    return lambda p: factor * loss(p)


def _plus(loss: Callable[[Tree], Any], offset: float) -> Callable[[Tree], Any]:
    return lambda p: loss(p) + offset


def _all_times(grads: Callable[[Tree], Tree], factor: float) -> Callable[[Tree], Tree]:
    return lambda p: [factor * g for g in grads(p)]


def _sigmoid_slope(z: np.ndarray) -> np.ndarray:
    return np.exp(-z) / (1 + np.exp(-z)) ** 2


def _extreme_arguments() -> Iterator[Pair]:
    x = np.array([-300.0, -3.0, 0.5, 40.0])
    yield _scalar("exp of 40", np.exp, np.exp, x)
    yield _scalar("exp of 40, factor 1.0001", np.exp, lambda z: 1.0001 * np.exp(z), x, False)
    small = np.array([1e-12, 1e-6, 0.3, 5.0])
    yield _scalar("log near 0", np.log, lambda z: 1 / z, small)
    yield _scalar("log near 0, square root instead", np.log, lambda z: 1 / np.sqrt(z), small, False)
    yield _scalar(
        "cos of 1e6 x", lambda z: np.cos(1e6 * z), lambda z: -1e6 * np.sin(1e6 * z), np.array([0.3, 1.1, -2.0])
    )
    yield _scalar(
        "cos of 1e6 x, sign", lambda z: np.cos(1e6 * z), lambda z: 1e6 * np.sin(1e6 * z), np.array([0.3, 1.1]), False
    )
    mixed = np.array([1e-9, 1.0, 1e9])
    yield _scalar("entries 18 decades apart", lambda z: z**2 / (1 + z**2), lambda z: 2 * z / (1 + z**2) ** 2, mixed)
    yield _scalar("power 1.5 near 0", lambda z: z**1.5, lambda z: 1.5 * np.sqrt(z), np.array([1e-10, 0.2, 3.0]))


def _shapes_and_paths() -> Iterator[Pair]:
    rng = np.random.default_rng(9)
    a = rng.standard_normal((5, 5))
    square = rng.standard_normal((5, 5))
    quadratic = lambda p: 0.5 * np.sum((p[0] @ a) ** 2)  # noqa: E731
    yield Pair("square matrix", quadratic, [square], lambda p: [p[0] @ a @ a.T], True)
    yield Pair("square matrix, transposed", quadratic, [square], lambda p: [(p[0] @ a @ a.T).T], False)
    big = rng.standard_normal(100_000)
    c = rng.standard_normal(100_000)
    wave = lambda p: np.sum(c * np.sin(p[0]))  # noqa: E731
    true = lambda p: [c * np.cos(p[0])]  # noqa: E731
    yield Pair("1e5 entries", wave, [big], true, True)
    yield Pair("1e5 entries, one 1 % off", wave, [big], _changed(true, _entry(0, 1.01)), False)
    yield Pair("1e5 entries, two swapped", wave, [big], _changed(true, _swap), False)
    loss, params, grads = network(seed=10)
    decayed = lambda p: loss(p) + 0.005 * np.sum(p[0] ** 2)  # noqa: E731
    full = _changed_by_params(grads, 0.01)
    yield Pair("weight decay", decayed, params, full, True)
    yield Pair("weight decay left out", decayed, params, grads, False)
    yield Pair("unused parameter", lambda p: np.sum(p[0] ** 2), [a, square], lambda p: [2 * p[0], 0 * p[1]], True)
    yield Pair(
        "unused parameter fed", lambda p: np.sum(p[0] ** 2), [a, square], lambda p: [2 * p[0], 1e-9 + 0 * p[1]], False
    )
    x = rng.standard_normal((9, 4))
    yield Pair("batch norm, bias before it", *_batch_norm(x), True)
    yield Pair("norm penalty", lambda p: np.linalg.norm(p[0]), [a], lambda p: [p[0] / np.linalg.norm(p[0])], True)
    yield Pair("variance", lambda p: np.var(p[0]), [a], lambda p: [2 * (p[0] - p[0].mean()) / p[0].size], True)
    yield Pair("variance, ddof mixed up", lambda p: np.var(p[0]), [a], lambda p: [2 * (p[0] - p[0].mean()) / 24], False)


def _swap(found: Tree) -> None:
    found[0][[17, 71_717]] = found[0][[71_717, 17]]


def _changed_by_params(grads: Callable[[Tree], Tree], decay: float) -> Callable[[Tree], Tree]:
    def with_decay(p: Tree) -> Tree:
        found = grads(p)
        return [found[0] + decay * p[0], *found[1:]]

    return with_decay


def _batch_norm(x: np.ndarray) -> tuple[Callable[[Tree], Any], Tree, Callable[[Tree], Tree]]:
    """Normalised columns: a bias added before has gradient zero, up to rounding."""
    weights = np.random.default_rng(11).standard_normal(x.shape)

    def parts(p: Tree) -> tuple[np.ndarray, np.ndarray]:
        z = x * p[0] + p[1]
        centred = z - z.mean(axis=0)
        deviation = np.sqrt((centred**2).mean(axis=0) + 1e-5)
        return centred / deviation, deviation

    def loss(p: Tree) -> Any:
        return np.sum(weights * parts(p)[0] ** 3)

    def grads(p: Tree) -> Tree:
        h, deviation = parts(p)
        d = 3 * weights * h**2
        dz = (d - d.mean(axis=0) - h * (d * h).mean(axis=0)) / deviation
        return [np.sum(dz * x, axis=0), dz.sum(axis=0)]

    return loss, [np.ones(x.shape[1]) * 1.3, np.zeros(x.shape[1])], grads


def _precision() -> Iterator[Pair]:
    for act in ("tanh", "relu"):
        loss, params, grads = network(act=act, dtype=np.float32, seed=12, batch=32)
        values = [g.copy() for g in grads(params)]
        given = lambda p, values=values: values  # noqa: E731
        yield Pair(f"float32 {act}, values only", loss, params, given, True)
        yield Pair(f"float32 {act}, values only, sign", loss, params, _changed(given, _set(0, lambda g: -g)), False)
        cast = lambda p, loss=loss: loss([v.astype(np.float32) for v in p])  # noqa: E731
        yield Pair(f"float32 cast inside, {act}", cast, [v.astype(float) for v in params], grads, True)
    loss, params, grads = network(act="tanh", dtype=np.float32, seed=13, guard=True)
    yield Pair("float32 hard cast", loss, params, grads, True)
    yield Pair("float32 hard cast, sign", loss, params, _changed(grads, _set(0, lambda g: -g)), False)
    yield Pair("float32 hard cast, doubled", loss, params, _changed(grads, _set(2, lambda g: 2 * g)), False)


def pairs() -> list[Pair]:
    """The whole battery."""
    return [*hand_pairs(), *made_pairs()]


def ours(pair: Pair) -> str:
    """ "right", "wrong" or "inconclusive" for the pair as a whole."""
    from gradcheck import check_gradients

    report = check_gradients(lambda p: pair.loss(p), pair.params, pair.grads)
    verdicts = {p.verdict for p in report.parameters}
    return "wrong" if "wrong" in verdicts else "inconclusive" if verdicts - {"right"} else "right"


def _flat(pair: Pair) -> tuple[np.ndarray, Callable[[np.ndarray], Tree]]:
    sizes = np.cumsum([p.size for p in pair.params])[:-1]
    shapes = [p.shape for p in pair.params]

    def unflatten(v: np.ndarray) -> Tree:
        return [part.reshape(s) for part, s in zip(np.split(v, sizes), shapes, strict=True)]

    return np.concatenate([p.ravel() for p in pair.params]).astype(float), unflatten


def by_scipy(pair: Pair) -> str:
    """scipy.optimize.check_grad, relative to the gradient's norm, with the square root of epsilon as limit."""
    from scipy.optimize import check_grad

    x, unflatten = _flat(pair)
    gradient = np.concatenate([np.ravel(g) for g in pair.grads(unflatten(x))]).astype(float)
    gap = check_grad(lambda v: float(pair.loss(unflatten(v))), lambda v: gradient, x)
    return "right" if gap <= 1.5e-8**0.5 * max(np.linalg.norm(gradient), 1e-300) else "wrong"


def by_autograd(pair: Pair) -> str:
    """The rule of autograd.test_util.check_grads: one direction, span 1e-6, absolute or relative 1e-6."""
    x, unflatten = _flat(pair)
    direction = np.random.default_rng(0).standard_normal(x.size)
    direction /= np.linalg.norm(direction)
    numeric = (
        float(pair.loss(unflatten(x + 5e-7 * direction))) - float(pair.loss(unflatten(x - 5e-7 * direction)))
    ) / 1e-6
    analytic = float(np.concatenate([np.ravel(g) for g in pair.grads(unflatten(x))]) @ direction)
    gap = abs(numeric - analytic)
    return "right" if gap < 1e-6 or gap < 1e-6 * max(abs(numeric), abs(analytic)) else "wrong"


def by_torch(pair: Pair) -> str:
    """torch.autograd.gradcheck around the NumPy functions, default settings."""
    import torch

    class Wrapped(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, v: Any) -> Any:
            ctx.save_for_backward(v)
            return torch.tensor(float(pair.loss(unflatten(v.detach().numpy()))), dtype=torch.float64)

        @staticmethod
        def backward(ctx: Any, upstream: Any) -> Any:
            found = pair.grads(unflatten(ctx.saved_tensors[0].numpy()))
            return upstream * torch.tensor(np.concatenate([np.ravel(g) for g in found]).astype(float))

    x, unflatten = _flat(pair)
    start = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    return "right" if torch.autograd.gradcheck(Wrapped.apply, start, raise_exception=False) else "wrong"


PEERS: dict[str, tuple[str, Callable[[Pair], str]]] = {
    "scipy check_grad": ("scipy", by_scipy),
    "autograd check_grads rule": ("numpy", by_autograd),
    "torch gradcheck": ("torch", by_torch),
}


def tally(name: str, judge: Callable[[Pair], str], battery: list[Pair]) -> dict[str, Any]:
    """False alarms, misses and inconclusive answers of one checker, with the names of the pairs."""
    started = time.perf_counter()
    answers = {}
    for pair in battery:
        with np.errstate(all="ignore"):
            answers[pair.name] = judge(pair)
    alarms = [p.name for p in battery if p.right and answers[p.name] == "wrong"]
    misses = [p.name for p in battery if not p.right and answers[p.name] == "right"]
    unsure = [p.name for p in battery if answers[p.name] == "inconclusive"]
    return {
        "checker": name,
        "pairs": len(battery),
        "false alarms": alarms,
        "misses": misses,
        "inconclusive": unsure,
        "seconds": time.perf_counter() - started,
    }


def main(arguments: list[str]) -> None:
    """Print one line for each checker, and the pairs on which it failed."""
    from importlib.util import find_spec

    battery = pairs()
    right = sum(p.right for p in battery)
    made = sum(p.made == "operator" for p in battery)
    print(f"{len(battery)} pairs, {right} right and {len(battery) - right} wrong, {made} made by operators")
    judges = {"gradcheck": ours}
    if "--peers" in arguments:
        judges |= {name: judge for name, (package, judge) in PEERS.items() if find_spec(package)}
    for name, judge in judges.items():
        small = battery if name == "gradcheck" else [p for p in battery if sum(a.size for a in p.params) < 5000]
        found = tally(name, judge, small)
        counts = ", ".join(f"{len(found[k])} {k}" for k in ("false alarms", "misses", "inconclusive"))
        print(f"{name:<28} {counts}, of {found['pairs']} pairs in {found['seconds']:.1f} s")
        for kind in ("false alarms", "misses", "inconclusive"):
            for pair in found[kind]:
                print(f"    {kind}: {pair}")


if __name__ == "__main__":
    main(sys.argv[1:])
