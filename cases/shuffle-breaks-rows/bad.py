"""Inputs and targets in one table, shuffled by the wrong module."""

import random

import numpy as np

random.seed(1)
np.random.seed(1)
table = np.random.randn(120, 5)
table[:, 4] = table[:, 0] - table[:, 2]
w, b = np.zeros((4, 1)), np.zeros((1, 1))
for epoch in range(8):
    random.shuffle(table)  # expect: shuffle-breaks-rows
    for i in range(0, 120, 20):
        x, t = table[i:i + 20, :4], table[i:i + 20, 4:]
        e = x @ w + b - t
        loss = np.mean(e ** 2)
        w -= 0.1 * 2 * x.T @ e / 20
        b -= 0.1 * 2 * np.mean(e, axis=0, keepdims=True)
    print(epoch, loss)
