import numpy as np

np.random.seed(8)


class Rectified:
    def __init__(self, inputs, units):
        self.W = np.random.randn(units, inputs) * 0.5
        self.b = np.zeros((units, 1))

    def forward(self, x):
        self.x = x
        self.z = self.W @ x + self.b
        return np.where(self.z > 0, self.z, 0.0)  # expect: dead-relu

    def backward(self, d, rate):
        d = d * (self.z > 0)
        self.W -= rate * d @ self.x.T
        self.b -= rate * d.sum(axis=1, keepdims=True)


layer = Rectified(6, 15)
top = np.abs(np.random.randn(1, 15))
x = np.random.rand(6, 50) + 1
t = np.random.randn(1, 50) - 4
for step in range(25):
    h = layer.forward(x)
    out = top @ h
    loss = np.mean((out - t) ** 2)
    d = 2 * (out - t) / 50
    back = top.T @ d
    top = top - 0.05 * d @ h.T
    layer.backward(back, 0.05)
