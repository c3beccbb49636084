import numpy as np

rng = np.random.default_rng(1)
X = rng.normal(size=(50, 4))
X[:, 2] = 7.0  # a column that never changes
X = (X - X.mean(axis=0))
target = X @ np.array([[1.0], [2.0], [0.0], [-1.0]])
W = rng.normal(size=(4, 1)) * 0.1

for step in range(25):
    scaled = X * W.T
    spread = scaled.std(axis=0)
    normed = scaled / spread  # expect: non-finite
    pred = normed.sum(axis=1, keepdims=True)
    loss = np.mean((pred - target) ** 2)
    W -= 0.01 * X.T @ (pred - target) / len(X)
