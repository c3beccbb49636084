"""The loop steps by one row, the slices have twenty."""

import numpy as np

rng = np.random.default_rng(13)
X = rng.normal(size=(150, 4))
t = X @ np.array([[1.0], [2.0], [0.0], [-1.0]])
w, b = np.zeros((4, 1)), np.zeros((1, 1))
size = 20
for epoch in range(2):
    order = rng.permutation(150)
    x_mixed, t_mixed = X[order], t[order]
    for i in range(0, len(X) - size):
        x = x_mixed[i:i + size]  # expect: minibatch-coverage
        e = x @ w + b - t_mixed[i:i + size]
        loss = 0.5 * np.mean(e ** 2)
        w -= 0.05 * x.T @ e / size
        b -= 0.05 * np.mean(e, axis=0, keepdims=True)
    print(epoch, loss)
