"""Two spirals with momentum, functional style."""

import numpy as np


def spirals(n, rng):
    t = np.sqrt(rng.random(n)) * 3 * np.pi
    side = rng.integers(0, 2, n)
    r = np.stack([np.cos(t), np.sin(t)], 1) * t[:, None] * np.where(side, 1, -1)[:, None] / 10
    return r + rng.normal(size=(n, 2)) * 0.02, side.astype(float)


def init(sizes, rng):
    weights = {f"W{i}": rng.normal(size=(a, b)) / np.sqrt(a) for i, (a, b) in enumerate(zip(sizes, sizes[1:]))}
    return weights | {f"b{i}": np.zeros(b) for i, b in enumerate(sizes[1:])}


def loss_and_grads(p, x, y):
    a = np.tanh(x @ p["W0"] + p["b0"])
    s = (a @ p["W1"] + p["b1"])[:, 0]
    loss = np.mean(np.logaddexp(0, s) - y * s)
    ds = ((1 / (1 + np.exp(-s)) - y) / len(y))[:, None]
    da = ds @ p["W1"].T * (1 - a * a)
    return loss, {"W1": a.T @ ds, "b1": ds.sum(0), "W0": x.T @ da, "b0": da.sum(0)}


def momentum_step(p, grads, velocity, rate=0.5, mu=0.9):
    fresh = {}
    for name in p:
        fresh[name] = mu * velocity[name] - rate * grads[name]  # expect: optimizer-state
        p[name] = p[name] + fresh[name]
    return p


rng = np.random.default_rng(7)
x, y = spirals(160, rng)
p = init([2, 24, 1], rng)
velocity = {name: np.zeros_like(w) for name, w in p.items()}
for step in range(400):
    loss, grads = loss_and_grads(p, x, y)
    p = momentum_step(p, grads, velocity)
    if step % 100 == 0:
        print(step, round(loss, 4))
