"""A shorter last batch, divided by its own length."""

import numpy as np

rng = np.random.default_rng(5)
X = rng.normal(size=(130, 4))
t = X[:, :1] - 0.5 * X[:, 3:]
w = np.zeros((4, 1))
for epoch in range(5):
    order = rng.permutation(130)
    for low in range(0, 130, 40):
        x, y = X[order[low:low + 40]], t[order[low:low + 40]]
        e = x @ w - y
        loss = np.mean(e ** 2)
        w -= 0.1 * 2 * x.T @ e / len(x)
    print(epoch, loss)
