"""Minibatches that are worked out in line, and the loss of all rows once an epoch; the weights are updated in place."""

import numpy as np

rng = np.random.default_rng(4)
x, y = rng.normal(size=(30, 3)), rng.normal(size=(30, 2))
w = rng.normal(size=(3, 2))


def cost(e):
    return np.mean(np.abs(e) ** 1.5)


for epoch in range(200):
    for i in rng.permutation([0, 10, 20]):
        e = x[i : i + 10] @ w - y[i : i + 10]
        w -= 0.05 * x[i : i + 10].T @ (np.sign(e) * np.abs(e) ** 0.5)
    if epoch % 50 == 49:
        print(epoch, cost(x @ w - y))
