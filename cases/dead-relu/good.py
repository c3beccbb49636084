import numpy as np

rng = np.random.default_rng(4)
X = rng.normal(size=(60, 10))
y = np.abs(X[:, :1]) + rng.normal(size=(60, 1)) * 0.1
W1 = rng.normal(size=(10, 20)) * 0.4
b1 = np.zeros(20)
b1[:3] = -50.0  # three units never answer, from the start
W2 = rng.normal(size=(20, 1)) * 0.3

for step in range(30):
    z = X @ W1 + b1
    h = np.maximum(0, z)
    out = h @ W2
    loss = np.mean((out - y) ** 2)
    d = 2 * (out - y) / len(X)
    dz = (d @ W2.T) * (z > 0)
    W2 -= 0.05 * h.T @ d
    W1 -= 0.05 * X.T @ dz
    b1 -= 0.05 * dz.sum(axis=0)
print(loss)
