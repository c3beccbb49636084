"""A mean over the batch and over the outputs of a sample."""

import numpy as np

rng = np.random.default_rng(50)
X = rng.normal(size=(160, 4))
T = np.tanh(X @ rng.normal(size=(4, 6)))
A, B = rng.normal(0, 0.3, (4, 11)), rng.normal(0, 0.3, (11, 6))
for epoch in range(12):
    order = rng.permutation(160)
    for i in range(0, 160, 16):
        x, t = X[order[i:i + 16]], T[order[i:i + 16]]
        h = np.tanh(x @ A)
        error = h @ B - t
        loss = np.mean(error ** 2)
        d = 2 * error / error.size
        dA = x.T @ (d @ B.T * (1 - h * h))
        B -= 0.5 * h.T @ d
        A -= 0.5 * dA
    print(epoch, loss)
