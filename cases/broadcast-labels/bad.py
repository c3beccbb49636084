import numpy as np

rng = np.random.default_rng(3)
X = rng.normal(size=(40, 3))
y = X @ np.array([1.0, -2.0, 0.5])
W = rng.normal(size=(3, 1)) * 0.1

for step in range(30):
    prediction = X @ W
    loss = np.mean((prediction - y) ** 2)  # expect: broadcast-labels
    W -= 0.1 * 2 * X.T @ (prediction - y[:, None]) / len(X)
print(loss)
