"""Penalties that the reported loss leaves out, each written another way; the first row of each matrix is a bias."""

import numpy as np

rng = np.random.default_rng(8)
X = np.hstack([np.ones((60, 1)), rng.normal(size=(60, 5))])
Y = np.eye(3)[np.argmax(X @ rng.normal(size=(6, 3)), axis=1)]
A = rng.normal(size=(6, 7)) * 0.4
B = rng.normal(size=(8, 6)) * 0.4
C = rng.normal(size=(7, 5)) * 0.4
D = rng.normal(size=(6, 3)) * 0.4
spared = np.ones_like(B)
spared[0] = 0
lam = 2e-3
moments = [np.zeros_like(P) for P in (A, B, C, D)]


def widened(a):
    return np.hstack([np.ones((len(a), 1)), a])


for epoch in range(60):
    a1 = widened(np.tanh(X @ A))
    a2 = widened(np.tanh(a1 @ B))
    a3 = widened(np.tanh(a2 @ C))
    scores = a3 @ D
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    print(epoch, -np.mean(np.log(p[Y == 1])))

    d4 = (p - Y) / len(X)
    d3 = (d4 @ D.T)[:, 1:] * (1 - a3[:, 1:] ** 2)
    d2 = (d3 @ C.T)[:, 1:] * (1 - a2[:, 1:] ** 2)
    d1 = (d2 @ B.T)[:, 1:] * (1 - a1[:, 1:] ** 2)
    gA, gB, gC, gD = X.T @ d1, a1.T @ d2, a2.T @ d3, a3.T @ d4

    gA[1:] += lam * np.sign(A[1:])
    gB += lam * B * spared
    shrinking = lam * C
    shrinking[0] = 0
    np.add(gC, shrinking, out=gC)
    for i in range(1, len(D)):
        gD[i] = gD[i] + lam * np.where(D[i] > 0, 1.0, -1.0)

    for k, (P, g) in enumerate(((A, gA), (B, gB), (C, gC), (D, gD))):
        moments[k] = 0.9 * moments[k] + g
        P -= 0.1 * moments[k]
