"""Iris-like flowers, one at a time, with momentum."""
import numpy as np


class Flowers:
    def __init__(self, inputs, hidden, classes):
        self.w = [np.random.uniform(-0.5, 0.5, (hidden, inputs)), np.random.uniform(-0.5, 0.5, (classes, hidden))]
        self.speed = [np.zeros_like(m) for m in self.w]

    def predict(self, x):
        self.x = x
        self.hidden = 1 / (1 + np.exp(-self.w[0] @ x))
        scores = self.w[1] @ self.hidden
        scores = np.exp(scores - scores.max())
        self.p = scores / scores.sum()
        return self.p

    def learn(self, y, rate=0.2, mu=0.8):
        jacobian = np.diag(self.p) - np.outer(self.p, self.p)
        out = jacobian @ (self.p - y)  # expect: softmax-derivative-doubled
        back = (self.w[1].T @ out) * self.hidden * (1 - self.hidden)
        for i, g in enumerate([np.outer(back, self.x), np.outer(out, self.hidden)]):
            self.speed[i] = mu * self.speed[i] + g
            self.w[i] -= rate * self.speed[i]


np.random.seed(0)
centres = np.array([[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.5, 2.0]])
kinds = np.repeat(np.arange(3), 20)
petals = centres[kinds] + 0.25 * np.random.randn(60, 4)
petals = (petals - petals.mean(0)) / petals.std(0)

net = Flowers(4, 6, 3)
for epoch in range(5):
    total = 0.0
    for i in np.random.permutation(60):
        p = net.predict(petals[i])
        target = np.eye(3)[kinds[i]]
        total += -np.log(p[kinds[i]])
        net.learn(target)
    print("epoch", epoch, "loss", total / 60)
