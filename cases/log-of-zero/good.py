import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(80, 3))
y = (X @ np.array([[1.0], [-2.0], [0.5]]) > 0).astype(float)
w = rng.normal(size=(3, 1))
b = np.zeros(1)
counts = np.array([3.0, 0.0, 5.0])
weights = np.where(counts > 0, np.log(np.maximum(counts, 1.0)), 0.0)
with np.errstate(divide="ignore"):
    masked = np.where(counts > 0, np.log(counts), 0.0)  # log(0) is taken, and masked away

for step in range(30):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)) + 0.0 * masked.sum()
    d = (p - y) / len(X)
    w -= 0.1 * X.T @ d
    b -= 0.1 * d.sum(axis=0)
print(loss, weights)
