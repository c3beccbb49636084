"""A list of pairs of arrays: its items are moved, not their contents."""

import random

import numpy as np

random.seed(1)
rng = np.random.default_rng(1)
pairs = []
for _ in range(80):
    x = rng.normal(size=(4, 1))
    pairs.append((x, np.sign(x[:2])))
V, c = rng.normal(0, 0.2, (2, 4)), np.zeros((2, 1))
for epoch in range(6):
    random.shuffle(pairs)
    for first in range(0, 80, 8):
        group = pairs[first:first + 8]
        dV, dc, loss = np.zeros_like(V), np.zeros_like(c), 0.0
        for x, t in group:
            e = V @ x + c - t
            loss += 0.5 * np.sum(e ** 2) / 8
            dV += e @ x.T / 8
            dc += e / 8
        V -= 0.1 * dV
        c -= 0.1 * dc
    print(epoch, loss)
