import numpy as np


class Regressor:
    def __init__(self, width, depth, seed):
        r = np.random.RandomState(seed)
        self.W = [r.randn(3, width) * 0.5]
        self.W += [r.randn(width, width) * 0.4 for _ in range(depth - 1)]
        self.W += [r.randn(width, 1) * 0.4]
        self.v = [np.zeros_like(m) for m in self.W]

    def run(self, x):
        self.a = [x]
        for m in self.W[:-1]:
            self.a.append(np.tanh(self.a[-1] @ m))
        return self.a[-1] @ self.W[-1]

    def fit(self, x, y, rounds, rate):
        history = []
        for _ in range(rounds):
            out = self.run(x)
            history.append(0.5 * np.mean((out - y) ** 2))
            delta = (out - y) / len(x)
            grads = [self.a[-1].T @ delta]
            last = len(self.W) - 1
            for k in range(last, 0, -1):
                slope = 1 - self.a[max(k - 1, 1)] ** 2
                delta = (delta @ self.W[k].T) * slope  # expect: derivative-at-wrong-point
                grads.insert(0, self.a[k - 1].T @ delta)
            for k, g in enumerate(grads):
                self.v[k] = 0.9 * self.v[k] - rate * g
                self.W[k] += self.v[k]
        return history


r = np.random.RandomState(9)
x = r.uniform(-1, 1, (55, 3))
y = np.prod(x, axis=1, keepdims=True) + x[:, :1]
print(Regressor(7, 3, 10).fit(x, y, 60, 0.1)[::20])
