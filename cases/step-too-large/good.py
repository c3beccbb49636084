import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(100, 8))
y = X @ rng.normal(size=(8, 1)) * 5 + 0.1 * rng.normal(size=(100, 1))
w = np.zeros((8, 1))
v = np.zeros((8, 1))

for step in range(60):  # momentum swings, and comes to rest
    error = X @ w - y
    loss = np.mean(error ** 2)
    v = 0.8 * v - 0.1 * 2 * X.T @ error / len(X)
    w += v
print(loss)

first = rng.normal(size=(8, 1)) * 0.01
for step in range(60):  # the first step is many times as long as the small initial weights
    error = X @ first - y
    loss = np.mean(error ** 2)
    first -= 0.2 * X.T @ error / len(X)
print(loss)
