import numpy as np


def houses():
    rng = np.random.default_rng(5)
    area = rng.uniform(400, 3000, 80)
    rooms = rng.integers(1, 7, 80)
    price = 0.9 * area + 20 * rooms + rng.normal(0, 30, 80)
    return np.column_stack([area, rooms]), price / 1000


class Regression:
    def __init__(self, features):
        self.w = np.full(features, 0.001)
        self.b = 0.0

    def fit(self, x, y, rate, rounds):
        for _ in range(rounds):
            guess = x.dot(self.w) + self.b
            error = guess - y
            self.cost = (error ** 2).mean() / 2
            self.w -= rate * x.T.dot(error) / len(y)
            self.b -= rate * error.mean()


features, target = houses()  # expect: unscaled-input
model = Regression(2)
model.fit(features, target, 1e-5, 30)
print(model.cost)
