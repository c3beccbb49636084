import numpy as np

rng = np.random.default_rng(1)
X = rng.normal(size=(40, 3))
t = X @ np.array([[1.0], [2.0], [-1.0]]) + 3
W = rng.normal(size=(3, 1)) * 0.1
b = np.array([1])

for step in range(30):
    out = X @ W + b
    d = 2 * (out - t) / len(X)
    loss = np.mean((out - t) ** 2)
    W -= 0.1 * X.T @ d
    b[0] = b[0] - 0.1 * d.sum()  # expect: integer-arithmetic
print(loss)
