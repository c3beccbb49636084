import numpy as np

rng = np.random.default_rng(206)
X = rng.normal(size=(47, 6))
Y = np.tanh(X[:, :3])
W1, b1 = rng.normal(size=(6, 9)) * 0.4, np.zeros(9)
W2, b2 = rng.normal(size=(9, 3)) * 0.4, np.zeros(3)
for epoch in range(50):
    h = np.tanh(X @ W1 + b1)
    out = h @ W2 + b2
    loss = np.sum((out - Y) ** 2) / len(X)
    d = 2 * (out - Y) / len(X)
    gW2 = np.einsum("nj,mk->jk", h, d)  # expect: einsum-dropped-index
    W2 -= 0.05 * gW2
    b2 -= 0.05 * d.sum(0)
    e = d @ W2.T * (1 - h ** 2)  # expect: stale-weights
    W1 -= 0.05 * X.T @ e
    b1 -= 0.05 * e.sum(0)
    if epoch % 10 == 0:
        print(epoch, loss)
