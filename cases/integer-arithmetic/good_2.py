import numpy as np

rng = np.random.default_rng(2)
X = rng.normal(size=(40, 5))
t = X @ rng.normal(size=(5, 1))
W = rng.normal(size=(5, 1))
small = np.zeros((5, 1), dtype=np.int8)
kept = []

for step in range(30):
    error = X @ W - t
    loss = np.mean(error ** 2)
    W -= 0.1 * 2 * X.T @ error / len(X)
    small[:] = W * 20  # a short copy of the weights is kept, cut on purpose
    kept.append(float(np.abs(X @ (small / 20.0) - t).max()))
print(loss, kept[-1])
