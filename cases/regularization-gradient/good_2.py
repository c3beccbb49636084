import numpy as np

rng = np.random.default_rng(103)
x = rng.normal(size=(61, 4))
k = (x.sum(axis=1) > 0).astype(int)
w, b = rng.normal(size=(4, 6)) * 0.4, np.zeros(6)
u, a = rng.normal(size=(6, 2)) * 0.4, np.zeros(2)
decay = 1e-3
for it in range(50):
    h = np.maximum(x @ w + b, 0)
    s = h @ u + a
    s -= s.max(axis=1, keepdims=True)
    q = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    nll = -np.log(q[range(61), k]).mean()
    q[range(61), k] -= 1
    q /= 61
    dh = q @ u.T * (h > 0)
    u -= 0.5 * (h.T @ q) + decay * u
    a -= 0.5 * q.sum(axis=0)
    w -= 0.5 * (x.T @ dh) + decay * w
    b -= 0.5 * dh.sum(axis=0)
    if it % 10 == 0:
        print(it, nll)
