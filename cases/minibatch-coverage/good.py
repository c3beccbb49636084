"""Rows left over at the end of an epoch: another ten are left over in the next one."""

import numpy as np

np.random.seed(22)
count, batch = 130, 40
inputs = np.random.randn(count, 5)
goals = np.eye(2)[(inputs[:, 0] > inputs[:, 1]).astype(int)]
W = np.zeros((5, 2))
for epoch in range(5):
    order = np.random.permutation(count)
    for k in range(count // batch):
        pick = order[k * batch:(k + 1) * batch]
        x, g = inputs[pick], goals[pick]
        z = np.exp(x @ W)
        p = z / z.sum(axis=1, keepdims=True)
        cost = -np.sum(g * np.log(p)) / batch
        W -= 0.8 * x.T @ (p - g) / batch
    print(epoch, cost)
