import numpy as np

rng = np.random.default_rng(113)
X = rng.normal(size=(48, 4))
y = np.sin(X[:, :1] + X[:, 1:2])
W, V = rng.normal(size=(4, 9)) * 0.5, rng.normal(size=(9, 1)) * 0.5
gW, gV = np.zeros_like(W), np.zeros_like(V)
for epoch in range(20):
    total = 0.0
    for k in range(0, 48, 12):
        xb, yb = X[k:k + 12], y[k:k + 12]
        h = np.tanh(xb @ W)
        e = h @ V - yb
        total += np.sum(e ** 2) / 48
        d = 2 * e / 48
        gV += h.T @ d
        gW += xb.T @ (d @ V.T * (1 - h ** 2))
    W -= 0.1 * gW
    V -= 0.1 * gV
    gW.fill(0)
    gV.fill(0)
    if epoch % 5 == 0:
        print(epoch, total)
