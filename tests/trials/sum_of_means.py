"""The mean loss of a batch times its rows is added up over the epoch, and divided by all rows in the end."""

import numpy as np

rng = np.random.default_rng(2)
x = rng.normal(size=(90, 4))
t = np.eye(3)[np.argmax(x @ rng.normal(size=(4, 3)), axis=1)]
W, b = np.zeros((4, 3)), np.zeros(3)

for epoch in range(20):
    order, total = rng.permutation(90), 0.0
    for start in range(0, 90, 15):
        rows = order[start : start + 15]
        m = len(rows)
        z = x[rows] @ W + b
        z = z - z.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        loss = -(t[rows] * log_p).sum() / m
        total += loss * m
        d = (np.exp(log_p) - t[rows]) / m
        W -= 0.3 * x[rows].T @ d
        b -= 0.3 * d.sum(axis=0)
    print(epoch, total / 90)
