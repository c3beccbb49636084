import numpy as np

rng = np.random.default_rng(4)
X = rng.normal(size=(60, 10)) + 2.0
y = rng.normal(size=(60, 1)) * 5 - 10
W1 = rng.normal(size=(10, 20)) * 0.4
b1 = np.zeros(20)
W2 = np.abs(rng.normal(size=(20, 1)))

for step in range(20):
    z = X @ W1 + b1
    h = np.maximum(0, z)  # expect: dead-relu
    out = h @ W2
    loss = np.mean((out - y) ** 2)
    d = 2 * (out - y) / len(X)
    dz = (d @ W2.T) * (z > 0)
    W2 -= 0.02 * h.T @ d
    W1 -= 0.02 * X.T @ dz
    b1 -= 0.02 * dz.sum(axis=0)
