import numpy as np

rng = np.random.default_rng(1)
X = rng.normal(size=(50, 4))
X[:3] *= 2000  # a few rows far out
y = (X[:, :1] > 0).astype(float)
W = rng.normal(size=(4, 1))
best = np.inf
scores = np.where(np.tri(6), 0.5, -np.inf)  # a causal mask: exp(-inf) is exactly 0
mask = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)

with np.errstate(over="ignore"):
    for step in range(25):
        p = 1 / (1 + np.exp(-(X @ W)))  # exp overflows, 1 / (1 + inf) is exactly 0
        loss = np.mean((p - y) ** 2)
        best = min(best, loss)
        W -= 5e-4 * X.T @ (2 * (p - y) / len(X) * p * (1 - p))
print(best, mask.sum())
