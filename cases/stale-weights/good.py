import numpy as np

np.random.seed(31)
src = np.random.randn(44, 4)
dst = np.stack([src[:, 0] ** 2, src[:, 1] * src[:, 2]], axis=1)


class Affine:
    def __init__(self, n, m):
        self.W, self.b = np.random.randn(n, m) * 0.4, np.zeros(m)

    def __call__(self, x):
        self.x = x
        return x @ self.W + self.b

    def back(self, d, lr):
        old = self.W.copy()
        self.W -= lr * (self.x.T @ d)
        self.b -= lr * d.sum(0)
        return d @ old.T


one, two = Affine(4, 10), Affine(10, 2)
for i in range(60):
    h = np.tanh(one(src))
    o = two(h)
    loss = np.mean(np.sum((o - dst) ** 2, axis=1))
    d = two.back(2 * (o - dst) / len(src), 0.05)
    one.back(d * (1 - h ** 2), 0.05)
    if i % 20 == 0:
        print(i, loss)
