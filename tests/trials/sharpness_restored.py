import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(80, 4)); y = np.sin(X[:, :1]) + X[:, 1:2]
P = [rng.normal(size=(4, 10)) * .5, np.zeros(10), rng.normal(size=(10, 1)) * .3, np.zeros(1)]
def grads(p):
    h = np.tanh(X @ p[0] + p[1])
    out = h @ p[2] + p[3]
    d = 2 * (out - y) / len(y)
    dh = d @ p[2].T * (1 - h ** 2)
    return np.mean((out - y) ** 2), [X.T @ dh, dh.sum(0), h.T @ d, d.sum(0)]
for it in range(100):
    loss, g = grads(P)
    n = np.sqrt(sum((v ** 2).sum() for v in g))
    old = [p.copy() for p in P]
    for p, v in zip(P, g): p += 0.05 * v / n
    l2, g2 = grads(P)
    for p, o in zip(P, old): p[...] = o
    for p, v in zip(P, g2): p -= 0.1 * v
    if it % 20 == 0: print(loss)
