import numpy as np

rng = np.random.default_rng(205)
X = rng.normal(size=(58, 5))
y = X[:, :1] * X[:, 1:2]
W1, b1 = rng.normal(size=(5, 12)) * 0.4, np.zeros(12)
W2, b2 = rng.normal(size=(12, 1)) * 0.4, np.zeros(1)
for epoch in range(50):
    h = np.maximum(X @ W1 + b1, 0)
    mask = (rng.random(h.shape) < 0.8) / 0.8
    hd = h * mask
    out = hd @ W2 + b2
    loss = 0.5 * np.mean((out - y) ** 2)
    d = (out - y) / len(X)
    gW2 = h.T @ d  # expect: wrong-operand
    gb2 = d.sum(0)
    gh = d @ W2.T  # expect: dropout-backward
    gz = gh * (h > 0)
    W2 -= 0.1 * gW2
    b2 -= 0.1 * gb2
    W1 -= 0.1 * X.T @ gz
    b1 -= 0.1 * gz.sum(0)
    if epoch % 10 == 0:
        print(epoch, loss)
