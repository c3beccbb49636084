"""A forecast: the target of each row is the row after the next, in an array of its own."""

import numpy as np

rng = np.random.default_rng(2)
walk = np.cumsum(rng.normal(size=(150, 3)), axis=0)
past, future = walk / 10, (walk * walk)[:] / 100
A, c = rng.normal(0, 0.3, (3, 3)), np.zeros(3)
starts = np.arange(0, 140, 10)
for epoch in range(9):
    rng.shuffle(starts)
    for s in starts:
        x, t = past[s:s + 8], future[s + 2:s + 10]
        e = x @ A + c - t
        loss = np.sum(e ** 2)
        A -= 0.002 * x.T @ (2 * e)
        c -= 0.002 * np.sum(2 * e, axis=0)
    print(epoch, loss)
