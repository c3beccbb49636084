"""One shuffle, before the training begins."""

from random import seed, shuffle

import numpy as np

seed(8)
rng = np.random.default_rng(8)
rows = rng.normal(size=(100, 4))
rows[:, 3] = rows[:, 0] * rows[:, 1] > 0
shuffle(rows)  # expect: shuffle-breaks-rows
X, t = rows[:, :3], rows[:, 3:]
U, v = rng.normal(0, 0.5, (3, 9)), rng.normal(0, 0.5, (9, 1))
for step in range(300):
    pick = rng.integers(100, size=25)
    x, y = X[pick], t[pick]
    h = np.tanh(x @ U)
    p = 1 / (1 + np.exp(-h @ v))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    d = (p - y) / 25
    inner = d @ v.T * (1 - h ** 2)
    v -= 0.5 * h.T @ d
    U -= 0.5 * x.T @ inner
    if step % 100 == 0:
        print(step, loss)
