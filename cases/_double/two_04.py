import numpy as np

np.random.seed(203)
X = np.random.randn(57, 3)
y = np.cos(X.sum(1, keepdims=True))
W1, b1 = np.random.randn(3, 10) * 0.5, np.zeros(10)
W2, b2 = np.random.randn(10, 10) * 0.3, np.zeros(10)
W3, b3 = np.random.randn(10, 1) * 0.5, np.zeros(1)
for epoch in range(50):
    h1 = np.tanh(X @ W1 + b1)
    h2 = np.tanh(h1 @ W2 + b2)
    out = h2 @ W3 + b3
    loss = np.mean((out - y) ** 2)
    d3 = 2 * (out - y) / len(X)
    d2 = d3 @ W3.T * (1 - h2 ** 2)
    d1 = d2 @ W2 * (1 - h1 ** 2)  # expect: wrong-transpose
    gb2 = d2.mean(axis=0)  # expect: batch-scale-inconsistent
    W3 -= 0.05 * h2.T @ d3
    b3 -= 0.05 * d3.sum(0)
    W2 -= 0.05 * h1.T @ d2
    b2 -= 0.05 * gb2
    W1 -= 0.05 * X.T @ d1
    b1 -= 0.05 * d1.sum(0)
    if epoch % 10 == 0:
        print(epoch, loss)
