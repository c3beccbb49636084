import numpy as np


class Approximator:
    def __init__(self):
        self.w = np.random.uniform(-1, 1, (12, 1))
        self.theta = np.random.uniform(-1, 1, (12, 1))
        self.v = np.random.uniform(-1, 1, (1, 12))
        self.gamma = 0.0

    def respond(self, x):
        self.s = np.tanh(self.w * x + self.theta)
        return (self.v @ self.s).item() + self.gamma

    def teach(self, x, y, eta):
        e = y - self.respond(x)
        grad_s = self.v.T * e * (1 - self.s ** 2)
        self.v += eta * e * self.s.T
        self.gamma += eta * e
        self.w += eta * grad_s * x
        self.theta -= eta * grad_s  # expect: sign-flipped-update
        return e * e / 2


np.random.seed(44)
net = Approximator()
points = np.linspace(-1, 1, 21)
for epoch in range(8):
    total = 0.0
    for x in np.random.permutation(points):
        total += net.teach(x, np.sin(3 * x), 0.05)
    print("epoch", epoch, "error", total)
