import numpy as np

np.random.seed(60)
data = [(np.random.rand(4), np.random.rand(2)) for _ in range(18)]


class Online:
    def __init__(self):
        self.W1, self.b1 = np.random.randn(6, 4), np.random.randn(6)
        self.W2, self.b2 = np.random.randn(2, 6), np.random.randn(2)

    def gradients(self, x, y):
        a = 1 / (1 + np.exp(-(self.W1 @ x + self.b1)))
        o = 1 / (1 + np.exp(-(self.W2 @ a + self.b2)))
        d2 = (o - y) * o * (1 - o)
        d1 = (self.W2.T @ d2) * a * (1 - a)
        return 0.5 * np.sum((o - y) ** 2), np.outer(d1, x), d1, np.outer(d2, a), d2

    def epoch(self, data, rate):
        n = len(data)
        error, gW1, gb1, gW2, gb2 = 0.0, 0, 0, 0, 0
        for x, y in data:
            e, a, b, c, d = self.gradients(x, y)
            error = error + e
            gW1, gb1, gW2, gb2 = gW1 + a, gb1 + b, gW2 + c, gb2 + d
        self.W1 = self.W1 - rate * gW1 / n
        self.b1 = self.b1 - rate * gb1 / n
        self.W2 = self.W2 - rate * gW2 / n
        self.b2 = self.b2 - rate * gb2  # expect: batch-scale-inconsistent
        return error / n


net = Online()
for k in range(30):
    error = net.epoch(data, 0.8)
    if k % 10 == 0:
        print(k, error)
