import numpy as np

np.random.seed(143)
X = np.random.randn(34, 4)
t = (X[:, :1] > X[:, 1:2]).astype(float)
M = np.random.randn(4, 7) * 0.4
N = np.random.randn(7, 1) * 0.4
for i in range(60):
    h = np.tanh(X @ M)
    p = 1 / (1 + np.exp(-(h @ N)))
    bce = -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum()
    d = p - t
    back = d @ N.T * (1 - h ** 2)
    N -= 0.02 * h.T @ d
    M -= 0.02 * X.T @ back
    if i % 20 == 0:
        print(i, bce)
