import numpy as np

np.random.seed(32)
X = np.random.uniform(-2, 2, (93, 3))
y = np.cos(X[:, :1]) + 0.2 * np.abs(X[:, 1:2]) * np.random.randn(93, 1)
weight = np.random.randint(1, 6, (93, 1)) / 3.0
W = np.random.randn(3, 10) * 0.6
V = np.random.randn(10, 2) * 0.3

for epoch in range(80):
    h = np.tanh(X @ W)
    out = h @ V
    mean, spread = out[:, :1], np.exp(out[:, 1:])
    off = (y - mean) / spread
    nll = np.sum(weight * (0.5 * off ** 2 + np.log(spread))) / weight.sum()

    share = weight / weight.sum()
    d_out = 3.0 * np.hstack([-off / spread * share, share - off * off * share])
    d_h = d_out @ V.T * (1 - h ** 2)
    V -= 0.03 * h.T @ d_out
    W -= 0.03 * X.T @ d_h
    if epoch % 20 == 0:
        print(epoch, nll)
