"""Softmax regression on classes that lie in blocks: every batch holds one class."""

import numpy as np

rng = np.random.default_rng(3)
centres = np.array([[2.0, 0.0], [0.0, 2.0], [-2.0, -1.0]])
X = np.vstack([c + rng.normal(0, 0.7, (40, 2)) for c in centres])
y = np.repeat(np.arange(3), 40)
Y = np.eye(3)[y]

W, b = 0.1 * rng.normal(size=(2, 3)), np.zeros(3)
size, rate = 20, 0.2

for epoch in range(30):
    for i in range(0, len(X), size):
        xb, yb = X[i:i + size], Y[i:i + size]  # expect: unshuffled-minibatches
        z = xb @ W + b
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.mean(np.sum(yb * np.log(p), axis=1))
        d = (p - yb) / len(xb)
        W -= rate * xb.T @ d
        b -= rate * d.sum(axis=0)
    print(epoch, loss)
