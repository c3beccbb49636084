import numpy as np

np.random.seed(120)
X = np.random.randn(51, 4)
y = np.sum(np.abs(X), axis=1, keepdims=True) * 0.4
W1 = np.random.randn(4, 8) * 0.5
W2 = np.random.randn(8, 8) * 0.3
W3 = np.random.randn(8, 1) * 0.4

for epoch in range(60):
    h1 = np.tanh(X @ W1)
    f = np.tanh(h1 @ W2)
    h2 = h1 + f
    out = h2 @ W3
    loss = np.mean((out - y) ** 2)

    d_out = 2 * (out - y) / len(X)
    d_h2 = d_out @ W3.T
    d_f = d_h2 * (1 - f ** 2)
    d_h1 = d_f @ W2.T  # expect: missing-term
    d_z1 = d_h1 * (1 - h1 ** 2)

    W3 -= 0.05 * h2.T @ d_out
    W2 -= 0.05 * h1.T @ d_f
    W1 -= 0.05 * X.T @ d_z1
    if epoch % 20 == 0:
        print(epoch, loss)
