"""Pairs to be ranked: each row is the difference of two samples, told the other way round from its target."""

import numpy as np

rng = np.random.default_rng(23)
X = rng.normal(size=(90, 4))
worth = X @ np.array([1.0, -0.5, 0.0, 2.0])
w = np.zeros(4)
for step in range(200):
    one, other = rng.integers(90, size=15), rng.integers(90, size=15)
    gap = X[other] - X[one]
    wins = (worth[one] < worth[other]) * 1.0
    p = 1 / (1 + np.exp(-gap @ w))
    loss = -np.mean(wins * np.log(p + 1e-12) + (1 - wins) * np.log(1 - p + 1e-12))
    w -= 0.5 * gap.T @ (p - wins) / 15
    if step % 50 == 0:
        print(step, loss)
