import numpy as np


class Network:
    def __init__(self, sizes):
        rng = np.random.default_rng(151)
        self.w = [rng.normal(0, 0.5, (a, b)) for a, b in zip(sizes[:-1], sizes[1:])]

    def train(self, x, y, rate):
        a = [x]
        for w in self.w:
            a.append(1 / (1 + np.exp(-(a[-1] @ w))))
        loss = 0.5 * np.mean(np.sum((a[-1] - y) ** 2, axis=1))
        delta = [np.empty((len(x), w.shape[1])) for w in self.w]
        delta[-1][:] = (a[-1] - y) * a[-1] * (1 - a[-1]) / len(x)
        for k in range(len(self.w) - 2, 0, -1):
            delta[k][:] = (delta[k + 1] @ self.w[k + 1].T) * a[k + 1] * (1 - a[k + 1])
        for k in range(len(self.w)):
            self.w[k] -= rate * a[k].T @ delta[k]  # expect: uninitialized-memory
        return loss


x = np.random.default_rng(2).random((26, 5))
y = np.stack([x.mean(axis=1), x.max(axis=1)], axis=1)
net = Network([5, 8, 7, 2])
for epoch in range(20):
    loss = net.train(x, y, 0.5)
    if epoch % 5 == 0:
        print(epoch, loss)
