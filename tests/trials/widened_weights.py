"""Weights that begin as one number and become a vector in the first step, by broadcasting."""

import numpy as np

source = np.random.default_rng(3)
rows = source.normal(size=(60, 5))
wanted = rows @ np.array([1.5, -2.0, 0.3, 0.8, -0.1]) + 0.4


class Line:
    def __init__(self):
        self.slope = 0.5
        self.offset = 0.0

    def follow(self, rows, wanted, passes, rate):
        for number in range(passes):
            guess = (rows * self.slope).sum(axis=1) + self.offset
            miss = guess - wanted
            cost = 0.5 * np.mean(miss**2)
            if number % 20 == 0:
                print(number, cost)
            self.slope = self.slope - rate * (rows.T @ miss) / len(rows)
            self.offset = self.offset - rate * miss.mean()


line = Line()
line.follow(rows, wanted, 100, 0.1)
print(line.slope, line.offset)
