import numpy as np

np.random.seed(5)


def step(value, slope, rate):
    value = value - rate * slope  # expect: parameter-not-updated
    return value


class Net:
    def __init__(self):
        self.W = np.random.randn(4, 6) * 0.5
        self.c = np.zeros(6)
        self.V = np.random.randn(6, 2) * 0.5

    def train(self, x, t, rate):
        z = x @ self.W + self.c
        a = 1 / (1 + np.exp(-z))
        out = a @ self.V
        loss = 0.5 * np.sum((out - t) ** 2) / len(x)
        d = (out - t) / len(x)
        dz = (d @ self.V.T) * a * (1 - a)
        self.V = step(self.V, a.T @ d, rate)
        self.W = step(self.W, x.T @ dz, rate)
        step(self.c, dz.sum(axis=0), rate)
        return loss


x = np.random.randn(32, 4)
t = np.random.randn(32, 2)
net = Net()
for tour in range(25):
    print(net.train(x, t, 0.3))
