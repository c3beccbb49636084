import numpy as np


class Recurrent:
    """Sums a sequence of numbers and tells the running mean's sign at the end."""

    def __init__(self, hidden, seed=0):
        rng = np.random.default_rng(seed)
        self.U = rng.normal(0, 0.5, (1, hidden))
        self.W = rng.normal(0, 0.3, (hidden, hidden))
        self.V = rng.normal(0, 0.5, (hidden, 1))
        self.b = np.zeros(hidden)

    def forward(self, x):
        self.x = x
        self.h = [np.zeros((x.shape[0], len(self.b)))]
        for t in range(x.shape[1]):
            self.h.append(np.tanh(x[:, t:t + 1] @ self.U + self.h[-1] @ self.W + self.b))
        return self.h[-1] @ self.V

    def backward(self, dy):
        dV = self.h[-1].T @ dy
        dU, dW, db = np.zeros_like(self.U), np.zeros_like(self.W), np.zeros_like(self.b)
        dh = dy @ self.V.T
        for t in range(self.x.shape[1] - 1, -1, -1):
            dz = dh * (1 - self.h[t + 1] ** 2)
            dU += self.x[:, t:t + 1].T @ dz
            dW += self.h[t + 1].T @ dz  # expect: wrong-operand
            db += dz.sum(axis=0)
            dh = dz @ self.W.T
        return dU, dW, dV, db

    def train(self, x, y, epochs, rate):
        for epoch in range(epochs):
            out = self.forward(x)
            loss = 0.5 * np.mean((out - y) ** 2)
            dU, dW, dV, db = self.backward((out - y) / len(x))
            self.U -= rate * dU
            self.W -= rate * dW
            self.V -= rate * dV
            self.b -= rate * db
            if epoch % 10 == 0:
                print(epoch, loss)


rng = np.random.default_rng(1)
series = rng.normal(size=(31, 5))
Recurrent(7).train(series, series.sum(axis=1, keepdims=True) / 3, 40, 0.1)
