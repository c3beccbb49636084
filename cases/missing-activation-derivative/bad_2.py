import random

import numpy as np


def squash(z):
    return 1.0 / (1.0 + np.exp(-z))


class Columns(object):
    def __init__(self, *sizes):
        self.B = [np.random.randn(n, 1) * 0.1 for n in sizes[1:]]
        self.M = [np.random.randn(n, k) for k, n in zip(sizes, sizes[1:])]

    def show(self, x, y):
        zs, acts = [], [x]
        for m, b in zip(self.M, self.B):
            zs.append(np.dot(m, acts[-1]) + b)
            acts.append(squash(zs[-1]))
        loss = -np.sum(y * np.log(acts[-1]) + (1 - y) * np.log(1 - acts[-1]))
        d = acts[-1] - y
        steps = []
        for i in range(len(self.M) - 1, -1, -1):
            steps.append((i, np.dot(d, acts[i].T), d))
            if i:
                d = np.dot(self.M[i].T, d)  # expect: missing-activation-derivative
        for i, gm, gb in steps:
            self.M[i] -= 0.3 * gm
            self.B[i] -= 0.3 * gb
        return loss


random.seed(4)
np.random.seed(4)
pairs = [(np.array([[a], [b]], float), np.array([[float(a != b)]])) for a in (0, 1) for b in (0, 1)]
net = Columns(2, 4, 1)
for epoch in range(25):
    random.shuffle(pairs)
    loss = sum(net.show(x, y) for x, y in pairs)
    if epoch % 5 == 0:
        print("loss", loss)
