"""A layer of sixteen units and batches of sixteen: the scale by the fan-in is no division by the batch."""

import numpy as np

rng = np.random.default_rng(6)
X = rng.normal(size=(160, 16))
T = (X[:, :1] > 0) * 1.0
w, b = np.zeros((16, 1)), np.zeros((1, 1))
for epoch in range(12):
    order = rng.permutation(160)
    for i in range(0, 160, 16):
        x, t = X[order[i:i + 16]], T[order[i:i + 16]]
        p = 1 / (1 + np.exp(-(x @ w / 16 + b)))
        loss = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
        d = (p - t) / 16
        w -= 0.9 * x.T @ d / 16
        b -= 0.9 * d.sum(axis=0, keepdims=True)
    print(epoch, loss)
