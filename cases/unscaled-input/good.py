import numpy as np

rng = np.random.default_rng(2)
raw = rng.integers(0, 256, size=(120, 64))
kinds = (raw[:, :32].mean(axis=1) > raw[:, 32:].mean(axis=1)).astype(int)
W1 = rng.normal(size=(64, 16)) * 0.1
b1 = np.zeros(16)
W2 = rng.normal(size=(16, 2)) * 0.3
b2 = np.zeros(2)

for start in range(0, 120, 30):
    x, y = (raw[start:start + 30] - 127.5) / 127.5, kinds[start:start + 30]  # scaled when it is used
    z1 = x @ W1 + b1
    h = np.maximum(z1, 0)
    z2 = h @ W2 + b2
    e = np.exp(z2 - z2.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(30), y]))
    d2 = p.copy()
    d2[np.arange(30), y] -= 1
    d2 /= 30
    d1 = (d2 @ W2.T) * (z1 > 0)
    W2 -= 0.05 * h.T @ d2
    b2 -= 0.05 * d2.sum(axis=0)
    W1 -= 0.05 * x.T @ d1
    b1 -= 0.05 * d1.sum(axis=0)
print(loss)
