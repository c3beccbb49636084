import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(100, 8)) * 30
y = X @ rng.normal(size=(8, 1))
w = rng.normal(size=(8, 1)) * 0.1

with np.errstate(all="ignore"):
    for step in range(200):  # grows until it is no number any more
        error = X @ w - y
        loss = np.mean(error ** 2)
        w = w - 1e6 * 2 * X.T @ error / len(X)  # expect: step-too-large
print(loss)
