import numpy as np


class Layer:
    def __init__(self, n, m, bent=True):
        self.w = np.random.randn(n, m) / np.sqrt(n)
        self.bent = bent

    def forward(self, x):
        self.x = x
        out = x @ self.w
        if self.bent:
            out = np.tanh(out)
            self.slope = 1 - out * out
        return out

    def backward(self, e):
        if self.bent:
            e = e * self.slope
        below = e @ self.w.T
        self.w -= 0.05 * self.x.T @ e
        return below


np.random.seed(2)
stack = [Layer(5, 8), Layer(8, 8), Layer(8, 2, bent=False)]
source = np.random.randn(33, 5)
goal = np.stack([source[:, 0] * source[:, 1], np.sin(source[:, 2])], axis=1)
for lap in range(50):
    value = source
    for layer in stack:
        value = layer.forward(value)
    loss = np.sum((value - goal) ** 2) / (2 * len(source))
    error = (value - goal) / len(source)
    for layer in reversed(stack):
        error = layer.backward(error)
    if lap % 10 == 0:
        print("lap", lap, "loss", loss)
