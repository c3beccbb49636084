"""The labels were permuted with the inputs before they became a table of zeros and ones, one by one."""

import random

import numpy as np

random.seed(6)
np.random.seed(6)
points = np.random.randn(100, 3)
names = ["up" if p[0] + p[1] > 0 else "down" for p in points]
order = list(range(100))
random.shuffle(order)
points = points[order]
names = [names[k] for k in order]
table = np.zeros((100, 2))
for row, name in enumerate(names):
    table[row][0 if name == "up" else 1] = 1

W = np.random.randn(3, 2) * 0.1
for epoch in range(10):
    pick = np.random.permutation(100)
    for i in range(0, 100, 20):
        x, t = points[pick[i:i + 20]], table[pick[i:i + 20]]
        p = np.exp(x @ W)
        p = p / p.sum(axis=1, keepdims=True)
        loss = -np.sum(t * np.log(p)) / 20
        W -= 0.5 * x.T @ (p - t) / 20
    print(epoch, loss)
