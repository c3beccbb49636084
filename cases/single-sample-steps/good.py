import numpy as np

rng = np.random.default_rng(2)
rows = rng.normal(size=(200, 4))
marks = rows @ np.array([1.0, -1.0, 2.0, 0.5]) + rng.normal(size=200) * 0.1
w = rng.normal(size=4) * 0.1

for i in range(200):  # plain stochastic descent at a small rate
    error = rows[i] @ w - marks[i]
    loss = 0.5 * error ** 2
    w = w - 0.02 * error * rows[i]
