"""Gradients are gathered over four passes of one loop, and go into a momentum when they are complete."""

import numpy as np

rng = np.random.default_rng(5)
w = {"W": rng.normal(0, 0.5, (4, 6)), "V": rng.normal(0, 0.5, (6, 2))}
velocity = {k: np.zeros_like(v) for k, v in w.items()}
total = {k: np.zeros_like(v) for k, v in w.items()}
GATHER = 4

for micro in range(200):
    x = rng.normal(size=(8, 4))
    y = np.stack([x[:, 0] * x[:, 1], np.abs(x[:, 2])], axis=1)
    h = np.tanh(x @ w["W"])
    e = h @ w["V"] - y
    loss = (e**2).mean()
    d = 2 * e / e.size
    total["V"] += h.T @ d
    total["W"] += x.T @ (d @ w["V"].T * (1 - h * h))
    if (micro + 1) % GATHER == 0:
        for k in w:
            velocity[k] = 0.9 * velocity[k] + total[k] / GATHER
            w[k] = w[k] - 0.05 * velocity[k]
            total[k][...] = 0
        print(micro + 1, loss)
