"""The whole of the sorted data in every step."""

import numpy as np

rng = np.random.default_rng(3)
X = np.vstack([rng.normal(-1, 0.7, (40, 2)), rng.normal(1, 0.7, (40, 2))])
t = np.repeat([0.0, 1.0], 40)[:, None]
w, b = 0.1 * rng.normal(size=(2, 1)), np.zeros((1, 1))
for epoch in range(4):
    for part in range(3):
        p = 1 / (1 + np.exp(-(X @ w + b)))
        loss = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
        d = (p - t) / len(X)
        w -= 0.3 * X.T @ d
        b -= 0.3 * d.sum(axis=0, keepdims=True)
    print(epoch, loss)
