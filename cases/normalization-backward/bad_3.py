import numpy as np


class Embedder:
    """Rows of unit length, fitted to directions."""

    def __init__(self, n, k, rng):
        self.weights = rng.normal(size=(n, k))
        self.shift = rng.normal(size=k) * 0.1

    def forward(self, x):
        self.x = x
        self.raw = x @ self.weights + self.shift
        self.length = np.sqrt(np.sum(self.raw ** 2, axis=1, keepdims=True))
        self.unit = self.raw / self.length
        return self.unit

    def backward(self, g):
        g = g / self.length  # expect: normalization-backward
        self.g_weights = self.x.T @ g
        self.g_shift = g.sum(axis=0)

    def step(self, rate):
        self.weights -= rate * self.g_weights
        self.shift -= rate * self.g_shift


rng = np.random.default_rng(161)
x = rng.normal(size=(45, 4))
goal = rng.normal(size=(45, 3))
goal /= np.linalg.norm(goal, axis=1, keepdims=True)
model = Embedder(4, 3, rng)
for epoch in range(40):
    unit = model.forward(x)
    loss = 0.5 * np.mean(np.sum((unit - goal) ** 2, axis=1))
    model.backward((unit - goal) / len(x))
    model.step(0.5)
    if epoch % 10 == 0:
        print(epoch, loss)
