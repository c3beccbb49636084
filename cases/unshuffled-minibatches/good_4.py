"""Rows permuted once, before the training: the batches repeat, but each one is a random sample."""

import numpy as np

rng = np.random.default_rng(30)
X = np.vstack([rng.normal(-1, 0.7, (48, 3)), rng.normal(1, 0.7, (48, 3))])
t = np.repeat([0.0, 1.0], 48)
mixed = rng.permutation(96)
X, t = X[mixed], t[mixed]

w = np.zeros(3)
for epoch in range(8):
    for i in range(0, 96, 24):
        x, y = X[i:i + 24], t[i:i + 24]
        p = 1 / (1 + np.exp(-x @ w))
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        w -= 0.4 * x.T @ (p - y) / len(y)
    print(epoch, loss)
