import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(80, 3)) * 40
y = (X @ np.array([[1.0], [-2.0], [0.5]]) > 3).astype(float)
w = rng.normal(size=(3, 1)) * 3
b = np.zeros(1)

for step in range(30):
    p = 1 / (1 + np.exp(-(X @ w + b)))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))  # expect: log-of-zero
    d = (p - y) / len(X)
    w -= 0.01 * X.T @ d
    b -= 0.01 * d.sum(axis=0)
