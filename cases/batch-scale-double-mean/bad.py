"""The error is divided by the batch, and so is every product."""

import numpy as np

rng = np.random.default_rng(50)
points = rng.normal(size=(160, 4))
table = np.eye(3)[np.argmax(points @ rng.normal(size=(4, 3)), axis=1)]
A, B = rng.normal(0, 0.3, (4, 11)), rng.normal(0, 0.3, (11, 3))

for epoch in range(12):
    order = rng.permutation(160)
    for i in range(0, 160, 16):
        x, t = points[order[i:i + 16]], table[order[i:i + 16]]
        h = np.tanh(x @ A)
        z = h @ B
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        delta = (p - t) / len(x)
        inner = delta @ B.T * (1 - h * h)
        dA, dB = x.T @ inner / len(x), h.T @ delta / len(x)  # expect: batch-scale-double-mean
        A -= 2.0 * dA
        B -= 2.0 * dB
print(np.mean(np.argmax(np.tanh(points @ A) @ B, axis=1) == np.argmax(table, axis=1)))
