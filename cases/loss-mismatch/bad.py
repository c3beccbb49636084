import numpy as np

np.random.seed(140)
X = np.random.rand(59, 3)
y = (X.sum(axis=1, keepdims=True) > 1.5).astype(float)
w1 = np.random.randn(3, 8)
w2 = np.random.randn(8, 1)
b1, b2 = np.zeros(8), np.zeros(1)

for epoch in range(80):
    a1 = 1 / (1 + np.exp(-(X @ w1 + b1)))
    a2 = 1 / (1 + np.exp(-(a1 @ w2 + b2)))
    loss = 0.5 * np.mean((a2 - y) ** 2)
    d2 = (a2 - y) / len(X)  # expect: loss-mismatch
    d1 = d2 @ w2.T * a1 * (1 - a1)
    w2 -= 0.8 * a1.T @ d2
    b2 -= 0.8 * d2.sum(axis=0)
    w1 -= 0.8 * X.T @ d1
    b1 -= 0.8 * d1.sum(axis=0)
    if epoch % 20 == 0:
        print(epoch, loss)
