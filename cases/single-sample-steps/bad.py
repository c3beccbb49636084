import numpy as np

rng = np.random.default_rng(2)
rows = rng.normal(size=(200, 4)) * 2
marks = rows @ np.array([1.0, -1.0, 2.0, 0.5]) + rng.normal(size=200) * 3
w = rng.normal(size=4) * 0.1

for i in range(200):
    error = rows[i] @ w - marks[i]
    loss = 0.5 * error ** 2
    w = w - 0.9 * error * rows[i]  # expect: single-sample-steps
