"""The script keeps the sum, descends it, and prints the mean of it."""

import numpy as np

rng = np.random.default_rng(11)
x = rng.normal(size=(120, 3))
t = (x[:, :1] * x[:, 1:2] > 0) * 1.0
W, b = rng.normal(0, 0.1, (3, 1)), np.zeros((1, 1))
for epoch in range(15):
    order = rng.permutation(120)
    for i in range(0, 120, 20):
        rows = order[i:i + 20]
        p = 1 / (1 + np.exp(-(x[rows] @ W + b)))
        total = -np.sum(t[rows] * np.log(p) + (1 - t[rows]) * np.log(1 - p))
        mean = total / 20
        W -= 0.01 * x[rows].T @ (p - t[rows])
        b -= 0.01 * np.sum(p - t[rows], axis=0, keepdims=True)
    print(epoch, mean)
