import numpy as np

rng = np.random.default_rng(93)
x, y = rng.normal(size=(6, 51)), rng.normal(size=(2, 51))
p = [rng.normal(size=(8, 6)) * 0.3, np.zeros((8, 1)), rng.normal(size=(2, 8)) * 0.3, np.zeros((2, 1))]
for k in range(40):
    h = np.maximum(p[0] @ x + p[1], 0)
    r = p[2] @ h + p[3] - y
    loss = (r ** 2).sum() / (2 * 51)
    s = p[2].T @ r * (h > 0)
    grads = [s @ x.T / 51, s.mean(axis=1, keepdims=True), r @ h.T / 51, r.mean(axis=1, keepdims=True)]
    p = [a - 0.1 * g for a, g in zip(p, grads)]
    if k % 10 == 0:
        print(k, loss)
