import numpy as np

rng = np.random.default_rng(209)
X = rng.random((44, 3))
y = (X.sum(axis=1, keepdims=True) > 1.5).astype(float)
W1, b1 = rng.normal(size=(3, 6)), np.zeros(6)
W2, b2 = rng.normal(size=(6, 1)), np.zeros(1)
for epoch in range(60):
    a1 = 1 / (1 + np.exp(-(X @ W1 + b1)))
    a2 = 1 / (1 + np.exp(-(a1 @ W2 + b2)))
    loss = -np.mean(y * np.log(a2) + (1 - y) * np.log(1 - a2))
    d2 = (a2 - y) * a2 * (1 - a2) / len(X)  # expect: loss-mismatch
    d1 = d2 @ W2.T * a1 * (1 - a1)
    gb1 = np.sum(d1)  # expect: bias-gradient-axis
    W2 -= 0.5 * a1.T @ d2
    b2 -= 0.5 * d2.sum(axis=0)
    W1 -= 0.5 * X.T @ d1
    b1 -= 0.5 * gb1
    if epoch % 20 == 0:
        print(epoch, loss)
