"""The reported loss is a mean, the gradient that is descended is that of the sum."""

import numpy as np


class Regression:
    def __init__(self, width, rng):
        self.W = rng.normal(0, 0.1, (width, 1))
        self.b = np.zeros((1, 1))

    def fit(self, x, t, size, rate, rng):
        for epoch in range(25):
            order = rng.permutation(len(x))
            for part in np.array_split(order, len(x) // size):
                guess = x[part] @ self.W + self.b
                error = guess - t[part]
                self.loss = np.mean(error ** 2)
                self.W = self.W - rate * 2 * x[part].T @ error  # expect: batch-scale-sum
                self.b = self.b - rate * 2 * error.sum(axis=0, keepdims=True)
            print(epoch, self.loss)


rng = np.random.default_rng(1)
x = rng.normal(size=(130, 3))
t = x @ np.array([[1.0], [-2.0], [0.5]]) + 0.3
Regression(3, rng).fit(x, t, 13, 0.005, rng)
