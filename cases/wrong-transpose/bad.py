import numpy as np

np.random.seed(8)
n = 6
X = np.random.randn(50, n)
Y = np.tanh(X @ np.random.randn(n, n) * 0.5)

W1 = np.random.randn(n, n) * 0.5
W2 = np.random.randn(n, n) * 0.5
b1 = np.zeros(n)
b2 = np.zeros(n)

for epoch in range(80):
    H = np.tanh(X @ W1 + b1)
    out = H @ W2 + b2
    loss = ((out - Y) ** 2).sum() / len(X)

    d_out = 2 * (out - Y) / len(X)
    d_H = d_out @ W2  # expect: wrong-transpose
    d_Z = d_H * (1 - H ** 2)

    W2 -= 0.05 * H.T @ d_out
    b2 -= 0.05 * d_out.sum(axis=0)
    W1 -= 0.05 * X.T @ d_Z
    b1 -= 0.05 * d_Z.sum(axis=0)
    if epoch % 20 == 0:
        print(epoch, loss)
