import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3)); y = X @ np.array([1., -2, .5])
W1 = rng.normal(size=(3, 5)); W2 = rng.normal(size=(5, 1))
for it in range(100):
    h = np.tanh(X @ W1); out = h @ W2
    e = out - y[:, None]
    loss = np.mean(e**2)
    d = 2 * e / len(X)
    g2 = h.T @ d; g1 = X.T @ (d @ W2.T * (1 - h*h))
    W1 -= .1 * g1; W2 -= .1 * g2
    for w in (W1, W2):
        np.clip(w, -.8, .8, out=w)
