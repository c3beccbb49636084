import numpy as np


class Linear:
    def __init__(self, n, m, rng):
        self.w = rng.normal(0, 0.4, (n, m))
        self.b = np.zeros(m)

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, g):
        self.dw, self.db = self.x.T @ g, g.sum(axis=0)
        return g @ self.w.T

    def step(self, rate):
        self.w -= rate * self.dw
        self.b -= rate * self.db


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, g):
        return g * (1 - self.y ** 2)

    def step(self, rate):
        pass


class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, g):
        return self.p * (g - np.sum(g * self.p, axis=1, keepdims=True))

    def step(self, rate):
        pass


class CrossEntropy:
    def forward(self, p, y):
        self.p, self.y = p, y
        return -np.sum(y * np.log(p)) / len(p)

    def backward(self):
        return -self.y / self.p / len(self.p)


rng = np.random.default_rng(5)
points = rng.normal(size=(64, 3))
labels = np.eye(4)[(points[:, 0] > 0) * 2 + (points[:, 1] > 0)]
layers = [Linear(3, 10, rng), Tanh(), Linear(10, 4, rng), Softmax()]
criterion = CrossEntropy()

for epoch in range(40):
    out = points
    for layer in layers:
        out = layer.forward(out)
    loss = criterion.forward(out, labels)
    g = criterion.backward()
    for layer in reversed(layers):
        g = layer.backward(g)
    for layer in layers:
        layer.step(0.5)
    if epoch % 10 == 0:
        print(f"{epoch:3d} {loss:.4f}")
