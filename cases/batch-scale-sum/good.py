"""A sum, at a rate that is divided by the number of samples in the batch; the loss is reported as a mean."""

import numpy as np

rng = np.random.default_rng(40)
points = rng.normal(size=(200, 4))
table = np.eye(3)[np.argmax(points @ rng.normal(size=(4, 3)), axis=1)]
A, B = rng.normal(0, 0.3, (4, 11)), rng.normal(0, 0.3, (11, 3))
rate = 0.5

for epoch in range(12):
    order = rng.permutation(200)
    for i in range(0, 200, 25):
        x, t = points[order[i:i + 25]], table[order[i:i + 25]]
        h = np.tanh(x @ A)
        z = h @ B
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.mean(np.sum(t * np.log(p), axis=1))
        delta = p - t
        inner = delta @ B.T * (1 - h * h)
        A -= rate / len(x) * (x.T @ inner)
        B -= rate / len(x) * (h.T @ delta)
    print(epoch, loss)
