"""Both arrays are permuted, but the batches are cut from the inputs as they were."""

import numpy as np

np.random.seed(1)
X = np.random.randn(120, 5)
T = np.tanh(X @ np.random.randn(5, 2))
A, B = 0.4 * np.random.randn(5, 8), 0.4 * np.random.randn(8, 2)

for epoch in range(15):
    order = np.random.permutation(len(X))
    X_mixed, T_mixed = X[order], T[order]
    for i in range(0, 120, 24):
        x = X[i:i + 24]  # expect: mispaired-samples
        t = T_mixed[i:i + 24]
        h = np.tanh(x @ A)
        e = h @ B - t
        loss = np.mean(np.sum(e ** 2, axis=1))
        d = 2 * e / len(x)
        dA = x.T @ (d @ B.T * (1 - h ** 2))
        B -= 0.05 * h.T @ d
        A -= 0.05 * dA
    print(epoch, loss)
