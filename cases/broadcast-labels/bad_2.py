import numpy as np

np.random.seed(5)


class Regressor:
    def __init__(self, width):
        self.W1 = np.random.randn(4, width) * 0.4
        self.W2 = np.random.randn(width, 1) * 0.4

    def step(self, x, t, rate):
        h = np.tanh(x @ self.W1)
        out = h @ self.W2
        error = out - t  # expect: broadcast-labels
        loss = (error ** 2).mean()
        d = 2 * error.mean(axis=1, keepdims=True) / len(x)
        dh = (d @ self.W2.T) * (1 - h ** 2)
        self.W2 -= rate * h.T @ d
        self.W1 -= rate * x.T @ dh
        return loss


x = np.random.randn(32, 4)
t = np.sin(x[:, 0]) + x[:, 1]
model = Regressor(6)
for tour in range(25):
    print(model.step(x, t, 0.1))
