"""The loss is a sum over the batch, and its gradient is what is descended."""

import numpy as np

rng = np.random.default_rng(1)
x = rng.normal(size=(130, 3))
t = x @ np.array([[1.0], [-2.0], [0.5]]) + 0.3
W, b = rng.normal(0, 0.1, (3, 1)), np.zeros((1, 1))
for epoch in range(25):
    for part in np.array_split(rng.permutation(130), 10):
        error = x[part] @ W + b - t[part]
        loss = np.sum(error ** 2)
        W = W - 0.005 * 2 * x[part].T @ error
        b = b - 0.005 * 2 * error.sum(axis=0, keepdims=True)
    print(epoch, loss)
