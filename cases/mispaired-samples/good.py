"""Inputs and labels shuffled in place from one and the same state of the generator: the orders agree."""

import numpy as np

np.random.seed(9)
labels = np.arange(90) % 3
pictures = 0.5 * np.random.randn(90, 6) + np.eye(3, 6)[labels]
W, b = 0.1 * np.random.randn(6, 3), np.zeros(3)

for epoch in range(10):
    state = np.random.get_state()
    np.random.shuffle(pictures)
    np.random.set_state(state)
    np.random.shuffle(labels)
    for start in range(0, 90, 15):
        x, y = pictures[start:start + 15], labels[start:start + 15]
        z = x @ W + b
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.mean(np.log(p[np.arange(15), y]))
        p[np.arange(15), y] -= 1
        p /= 15
        W -= 0.3 * x.T @ p
        b -= 0.3 * p.sum(axis=0)
    print(epoch, loss)
