"""Row numbers in a one-dimensional array: these are numbers, no views."""

import random

import numpy as np

random.seed(4)
rng = np.random.default_rng(4)
X = rng.normal(size=(90, 3))
t = X @ np.array([[1.0], [0.5], [-1.0]])
w = np.zeros((3, 1))
numbers = np.arange(90)
for epoch in range(8):
    random.shuffle(numbers)
    for part in numbers.reshape(-1, 15):
        e = X[part] @ w - t[part]
        loss = np.mean(e ** 2)
        w -= 0.1 * 2 * X[part].T @ e / len(part)
    print(epoch, loss)
