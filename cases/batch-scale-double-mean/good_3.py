"""The sum of the loss is reported, its mean is descended: one division."""

import numpy as np

np.random.seed(3)
P = np.random.randn(2, 150)
q = (P[0:1] + P[1:2] > 0) * 1.0
w, c = np.random.randn(1, 2) * 0.1, np.zeros((1, 1))
for epoch in range(10):
    mixed = np.random.permutation(150)
    cost = 0
    for k in range(10):
        pick = mixed[k * 15:(k + 1) * 15]
        x, y = P[:, pick], q[:, pick]
        s = 1 / (1 + np.exp(-(w @ x + c)))
        cost += -np.sum(y * np.log(s) + (1 - y) * np.log(1 - s))
        ds = (s - y) / 15
        w = w - 0.3 * ds @ x.T
        c = c - 0.3 * ds.sum(axis=1, keepdims=True)
    print(epoch, cost / 150)
