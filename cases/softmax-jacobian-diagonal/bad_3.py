import numpy as np


class Linear:
    def __init__(self, n, m, rng):
        self.w, self.b = rng.normal(0, 0.3, (n, m)), np.zeros(m)

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, g):
        self.dw, self.db = self.x.T @ g, g.sum(0)
        return g @ self.w.T

    def update(self, lr):
        self.w -= lr * self.dw
        self.b -= lr * self.db


class Softmax:
    def forward(self, x):
        e = np.exp(x - np.max(x, axis=-1, keepdims=True))
        self.output = e / np.sum(e, axis=-1, keepdims=True)
        return self.output

    def backward(self, g):
        return g * self.output * (1 - self.output)  # expect: softmax-jacobian-diagonal

    def update(self, lr):
        pass


class NLL:
    def forward(self, p, y):
        self.p, self.y = p, y
        return -np.mean(np.log(p[np.arange(len(y)), y]))

    def backward(self):
        g = np.zeros_like(self.p)
        g[np.arange(len(self.y)), self.y] = -1 / self.p[np.arange(len(self.y)), self.y] / len(self.y)
        return g


rng = np.random.default_rng(132)
X = rng.normal(size=(84, 5))
labels = np.argmax(X[:, :3], axis=1)
model = [Linear(5, 10, rng), Linear(10, 3, rng), Softmax()]
loss = NLL()
for epoch in range(3):
    for rows in np.split(rng.permutation(84), 4):
        out = X[rows]
        for m in model:
            out = m.forward(out)
        value = loss.forward(out, labels[rows])
        g = loss.backward()
        for m in reversed(model):
            g = m.backward(g)
        for m in model:
            m.update(0.2)
    print("epoch", epoch, value)
