import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(100, 8)) * 3
y = X @ rng.normal(size=(8, 1)) + 0.1 * rng.normal(size=(100, 1))
w = rng.normal(size=(8, 1)) * 0.1

for step in range(35):
    error = X @ w - y
    loss = np.mean(error ** 2)
    w -= 0.4 * 2 * X.T @ error / len(X)  # expect: step-too-large
print(loss)
