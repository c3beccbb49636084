import numpy as np


class Net:
    def __init__(self, rng):
        self.w = [rng.normal(size=s) * 0.5 for s in [(5, 7), (7, 7), (7, 2)]]

    def step(self, x, y, rate):
        a = [x]
        for w in self.w[:-1]:
            a.append(np.tanh(a[-1] @ w))
        out = a[-1] @ self.w[-1]
        loss = np.sum((out - y) ** 2) / (2 * len(x))
        d = (out - y) / len(x)
        g2 = a[1].T @ d  # expect: wrong-operand
        d = d @ self.w[2].T * (1 - a[2] ** 2)
        g1 = a[1].T @ d
        d = d @ self.w[1].T  # expect: missing-activation-derivative
        g0 = x.T @ d
        for w, g in zip(self.w, (g0, g1, g2)):
            w -= rate * g
        return loss


rng = np.random.default_rng(202)
x = rng.normal(size=(49, 5))
net = Net(rng)
for k in range(50):
    loss = net.step(x, np.sin(x[:, :2]), 0.1)
    if k % 10 == 0:
        print(k, loss)
