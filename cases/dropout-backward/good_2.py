import numpy as np


class Drop:
    def __init__(self, keep, rng):
        self.keep, self.rng = keep, rng

    def forward(self, x):
        self.m = self.rng.binomial(1, self.keep, x.shape) / self.keep
        x *= self.m
        return x

    def backward(self, g):
        g *= self.m
        return g


class Net:
    def __init__(self, rng):
        self.w = [rng.normal(0, 0.4, (5, 18)), rng.normal(0, 0.3, (18, 2))]
        self.c = [np.zeros(18), np.zeros(2)]
        self.drop = Drop(0.7, rng)

    def train(self, x, y, rate):
        z = x @ self.w[0] + self.c[0]
        h = self.drop.forward(np.maximum(z, 0))
        s = h @ self.w[1] + self.c[1]
        s = np.exp(s - s.max(axis=1, keepdims=True))
        p = s / s.sum(axis=1, keepdims=True)
        loss = -np.mean(np.log(p[np.arange(len(y)), y]))
        d = p
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        back = self.drop.backward(d @ self.w[1].T) * (z > 0)
        self.w[1] -= rate * h.T @ d
        self.c[1] -= rate * d.sum(axis=0)
        self.w[0] -= rate * x.T @ back
        self.c[0] -= rate * back.sum(axis=0)
        return loss


rng = np.random.default_rng(73)
net = Net(rng)
X = rng.normal(size=(80, 5))
y = (X[:, 0] > X[:, 1]).astype(int)
for epoch in range(5):
    idx = rng.permutation(80)
    print(epoch, np.mean([net.train(X[i], y[i], 0.2) for i in np.array_split(idx, 4)]))
