"""Batch norm whose running statistics are moved towards the batch's in place; nothing reads them while it trains."""

import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(64, 5))
y = (X[:, :1] * X[:, 1:2] > 0).astype(float)
W1, W2, g, b = rng.normal(size=(5, 8)), rng.normal(size=(8, 1)) * 0.3, np.ones(8), np.zeros(8)
rm, rv = np.zeros(8), np.ones(8)
for it in range(60):
    i = rng.integers(0, 64, 16)
    a = X[i] @ W1
    m, v = a.mean(0), a.var(0)
    rm += 0.1 * (m - rm)
    rv += (v - rv) * 0.1
    ah = (a - m) / np.sqrt(v + 1e-5)
    z = g * ah + b
    h = np.maximum(z, 0)
    p = 1 / (1 + np.exp(-h @ W2))
    loss = -np.mean(y[i] * np.log(p) + (1 - y[i]) * np.log(1 - p))
    d = (p - y[i]) / len(i)
    gW2 = h.T @ d
    dz = (d @ W2.T) * (z > 0)
    dg, db = (dz * ah).sum(0), dz.sum(0)
    da = dz * g
    da = (da - da.mean(0) - ah * (da * ah).mean(0)) / np.sqrt(v + 1e-5)
    W1 -= 0.1 * X[i].T @ da
    W2 -= 0.1 * gW2
    g -= 0.1 * dg
    b -= 0.1 * db
    print(loss)
