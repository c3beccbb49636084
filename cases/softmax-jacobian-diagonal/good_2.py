import numpy as np

rng = np.random.default_rng(134)
v = rng.normal(size=(44, 4))
goal = rng.dirichlet(np.ones(3), 44)
K, k = rng.normal(size=(4, 3)), np.zeros(3)
for it in range(60):
    s = v @ K + k
    s = np.exp(s - s.max(axis=1, keepdims=True))
    q = s / s.sum(axis=1, keepdims=True)
    loss = 0.5 * np.mean(np.sum((q - goal) ** 2, axis=1))
    g = np.empty_like(q)
    for i in range(len(q)):
        J = np.diag(q[i]) - np.outer(q[i], q[i])
        g[i] = J @ (q[i] - goal[i]) / len(q)
    K -= 1.5 * v.T @ g
    k -= 1.5 * g.sum(axis=0)
    if it % 20 == 0:
        print(it, loss)
