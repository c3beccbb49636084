"""Each gradient is clipped by value at a limit of its own: one of them reaches it, the other does not."""

import numpy as np

rng = np.random.default_rng(0)
x, y = rng.normal(size=(40, 5)), rng.normal(size=(40, 3)) * 9
W1, W2 = rng.normal(size=(5, 7)), rng.normal(size=(7, 3)) * 0.1
V1, V2 = rng.normal(size=(5, 7)), rng.normal(size=(7, 3)) * 0.1
m2 = np.zeros_like(V2)
rate = 0.01


def gradients(A, B):
    h = np.tanh(x @ A)
    e = h @ B - y
    d = 2 * e / len(x)
    return np.mean(np.sum(e**2, axis=1)), x.T @ (d @ B.T * (1 - h * h)), h.T @ d


for it in range(30):
    loss, g1, g2 = gradients(W1, W2)
    W1 -= rate * np.clip(g1, -50, 50)
    W2 -= rate * np.clip(g2, -0.5, 0.5)
    print(loss)

for it in range(30):
    loss, g1, g2 = gradients(V1, V2)
    m2 = 0.8 * m2 - rate * np.clip(g2, -0.5, 0.5)
    V1 = V1 - rate * g1
    V2 = V2 + m2
    print(loss)
