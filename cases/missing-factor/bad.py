import numpy as np

np.random.seed(31)
X = np.random.uniform(-2, 2, (87, 3))
y = np.sin(X[:, :1]) + 0.3 * np.abs(X[:, 1:2]) * np.random.randn(87, 1)
W = np.random.randn(3, 11) * 0.6
b = np.zeros(11)
V = np.random.randn(11, 2) * 0.3
c = np.zeros(2)

for epoch in range(80):
    h = np.tanh(X @ W + b)
    out = h @ V + c
    mean, spread = out[:, :1], np.exp(out[:, 1:])
    nll = np.mean(0.5 * ((y - mean) / spread) ** 2 + np.log(spread))

    d_mean = (mean - y) / spread  # expect: missing-factor
    d_log = 1 - ((y - mean) / spread) ** 2
    d_out = np.hstack([d_mean, d_log]) / len(X)
    d_h = d_out @ V.T * (1 - h ** 2)
    V -= 0.03 * h.T @ d_out
    c -= 0.03 * d_out.sum(axis=0)
    W -= 0.03 * X.T @ d_h
    b -= 0.03 * d_h.sum(axis=0)
    if epoch % 20 == 0:
        print(epoch, nll)
