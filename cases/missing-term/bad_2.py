import numpy as np


class TiedAutoencoder:
    def __init__(self, visible, hidden, seed):
        rng = np.random.default_rng(seed)
        self.W = rng.normal(0, 0.3, (visible, hidden))
        self.b = np.zeros(hidden)
        self.c = np.zeros(visible)

    def fit(self, x, rounds, rate):
        for k in range(rounds):
            code = 1 / (1 + np.exp(-(x @ self.W + self.b)))
            back = code @ self.W.T + self.c
            loss = 0.5 * np.mean(np.sum((back - x) ** 2, axis=1))
            e = (back - x) / len(x)
            dcode = (e @ self.W) * code * (1 - code)
            dW = x.T @ dcode  # expect: missing-term
            self.W -= rate * dW
            self.b -= rate * dcode.sum(axis=0)
            self.c -= rate * e.sum(axis=0)
            if k % 20 == 0:
                print(k, loss)


x = np.random.default_rng(1).normal(size=(43, 7))
TiedAutoencoder(7, 4, 2).fit(x, 60, 0.3)
