"""Mixup: each sample is blended with another one, inputs and targets alike."""

import numpy as np

rng = np.random.default_rng(21)
X = rng.normal(size=(80, 4))
T = np.tanh(X @ rng.normal(size=(4, 2)))
W, b = rng.normal(0, 0.3, (4, 2)), np.zeros(2)

for epoch in range(12):
    order = rng.permutation(80)
    for i in range(0, 80, 16):
        one, other = order[i:i + 16], rng.permutation(80)[:16]
        share = rng.beta(0.4, 0.4, (16, 1))
        x = share * X[one] + (1 - share) * X[other]
        t = share * T[one] + (1 - share) * T[other]
        e = np.tanh(x @ W + b) - t
        loss = 0.5 * np.mean(np.sum(e ** 2, axis=1))
        d = e * (1 - (e + t) ** 2) / 16
        W -= 0.2 * x.T @ d
        b -= 0.2 * d.sum(axis=0)
    print(epoch, loss)
