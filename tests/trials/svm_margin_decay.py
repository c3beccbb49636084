import numpy as np


class Margin:
    def __init__(self, rate=0.002, decay=0.01, rounds=30):
        self.rate, self.decay, self.rounds = rate, decay, rounds

    def fit(self, X, y):
        sign = np.where(y <= 0, -1, 1)
        self.w, self.b = np.zeros(X.shape[1]), 0
        for _ in range(self.rounds):
            for i, x in enumerate(X):
                if sign[i] * (np.dot(x, self.w) + self.b) >= 1:
                    self.w -= self.rate * (2 * self.decay * self.w)
                else:
                    self.w -= self.rate * (2 * self.decay * self.w - np.dot(x, sign[i]))
                    self.b += self.rate * sign[i]


rng = np.random.default_rng(5)
X = rng.normal(size=(60, 3))
y = (X[:, 0] - 0.4 * X[:, 2] > 0.1).astype(int)
model = Margin()
model.fit(X, y)
print(np.mean((X @ model.w + model.b > 0) == y))
