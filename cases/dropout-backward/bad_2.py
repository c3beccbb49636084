import numpy as np


class Dropout:
    def __init__(self, rate):
        self.rate = rate

    def forward(self, x):
        self.kept = np.random.rand(*x.shape) > self.rate
        return x * self.kept / (1 - self.rate)

    def backward(self, g):
        return g * self.kept  # expect: dropout-backward


class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m) * np.sqrt(2 / n)
        self.b = np.zeros(m)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        self.dW = self.x.T @ g
        self.db = g.sum(axis=0)
        return g @ self.W.T


class ReLU:
    def forward(self, x):
        self.on = x > 0
        return np.where(self.on, x, 0)

    def backward(self, g):
        return g * self.on


np.random.seed(70)
X = np.random.randn(100, 6)
Y = np.eye(3)[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
net = [Dense(6, 24), ReLU(), Dropout(0.25), Dense(24, 3)]
for epoch in range(4):
    order = np.random.permutation(100)
    for s in range(0, 100, 25):
        rows = order[s:s + 25]
        v = X[rows]
        for layer in net:
            v = layer.forward(v)
        v = np.exp(v - v.max(axis=1, keepdims=True))
        v /= v.sum(axis=1, keepdims=True)
        loss = -np.sum(Y[rows] * np.log(v)) / 25
        g = (v - Y[rows]) / 25
        for layer in reversed(net):
            g = layer.backward(g)
        for layer in net:
            if isinstance(layer, Dense):
                layer.W -= 0.2 * layer.dW
                layer.b -= 0.2 * layer.db
    print(epoch, loss)
