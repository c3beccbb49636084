"""The last batch has ten rows and is divided by forty like the others."""

import numpy as np

np.random.seed(22)
count, batch = 130, 40
inputs = np.random.randn(count, 5)
goals = np.eye(2)[(inputs[:, 0] > inputs[:, 1]).astype(int)]
W = np.zeros((5, 2))
for epoch in range(5):
    order = np.random.permutation(count)
    for low in range(0, count, batch):
        pick = order[low:low + batch]
        x, g = inputs[pick], goals[pick]
        z = np.exp(x @ W)
        p = z / z.sum(axis=1, keepdims=True)
        cost = -np.sum(g * np.log(p)) / batch
        d = (p - g) / batch  # expect: minibatch-coverage
        W -= 0.8 * x.T @ d
    print(epoch, cost)
