"""Samples in columns: the mean is taken by np.mean and the error was already divided."""

import numpy as np

np.random.seed(3)
m, part = 150, 15
P = np.random.randn(2, m)
q = (P[0:1] + P[1:2] > 0) * 1.0
w, c = np.random.randn(1, 2) * 0.1, np.zeros((1, 1))
for epoch in range(10):
    mixed = np.random.permutation(m)
    for k in range(m // part):
        pick = mixed[k * part:(k + 1) * part]
        x, y = P[:, pick], q[:, pick]
        s = 1 / (1 + np.exp(-(w @ x + c)))
        cost = -np.sum(y * np.log(s) + (1 - y) * np.log(1 - s)) / part
        ds = (s - y) / part
        dw = (1 / part) * ds @ x.T  # expect: batch-scale-double-mean
        dc = (1 / part) * ds.sum(axis=1, keepdims=True)
        w = w - 3.0 * dw
        c = c - 3.0 * dc
    print(epoch, cost)
