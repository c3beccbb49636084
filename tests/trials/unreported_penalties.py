import numpy as np

rng = np.random.default_rng(61)
x = rng.normal(size=(60, 5))
y = np.eye(3)[np.argmax(x[:, :3], axis=1)]
weights = [rng.normal(0, 0.4, (5, 8)), np.zeros(8), rng.normal(0, 0.4, (8, 3)), np.zeros(3)]

for turn in range(80):
    W, b, V, c = weights
    h = np.tanh(x @ W + b)
    z = h @ V + c
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.sum(y * np.log(p + 1e-12)) / len(x)
    d = (p - y) / len(x)
    e = d @ V.T * (1 - h ** 2)
    for w, g in zip(weights, (x.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0))):
        w -= 0.1 * (g + 1e-3 * np.sign(w) + 1e-2 * w)
    if turn % 20 == 0:
        print(turn, loss)
