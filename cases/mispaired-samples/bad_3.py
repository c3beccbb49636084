"""Samples in columns; the picks of inputs and targets are drawn separately."""

import numpy as np

rng = np.random.default_rng(17)
inputs = rng.normal(size=(4, 200))
targets = np.sign(inputs[:1] * inputs[1:2])
V, a = rng.normal(0, 0.5, (7, 4)), np.zeros((7, 1))
w = rng.normal(0, 0.5, (1, 7))

for step in range(300):
    x = inputs[:, rng.choice(200, 25, replace=False)]  # expect: mispaired-samples
    t = targets[:, rng.choice(200, 25, replace=False)]
    z = V @ x + a
    h = np.maximum(z, 0)
    error = w @ h - t
    loss = 0.5 * np.mean(error ** 2)
    g = error / 25
    back = (w.T @ g) * (z > 0)
    w = w - 0.1 * g @ h.T
    V = V - 0.1 * back @ x.T
    a = a - 0.1 * back.sum(axis=1, keepdims=True)
    if step % 100 == 0:
        print(step, loss)
