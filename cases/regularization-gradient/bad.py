import numpy as np

np.random.seed(36)
X = np.random.randn(58, 6)
y = (X[:, :1] - X[:, 1:2] > 0).astype(float)
W1 = np.random.randn(6, 9) * 0.5
b1 = np.zeros(9)
W2 = np.random.randn(9, 1) * 0.5
b2 = np.zeros(1)
lam = 0.02

for epoch in range(60):
    a1 = np.tanh(X @ W1 + b1)
    a2 = 1 / (1 + np.exp(-(a1 @ W2 + b2)))
    data = -np.mean(y * np.log(a2) + (1 - y) * np.log(1 - a2))
    loss = data + 0.5 * lam * (np.sum(W1 ** 2) + np.sum(W2 ** 2))

    d2 = (a2 - y) / len(X)
    d1 = d2 @ W2.T * (1 - a1 ** 2)
    dW2 = a1.T @ d2 + lam * W2
    db2 = d2.sum(axis=0)
    dW1 = X.T @ d1  # expect: regularization-gradient
    db1 = d1.sum(axis=0)

    W1 -= 0.5 * dW1
    b1 -= 0.5 * db1
    W2 -= 0.5 * dW2
    b2 -= 0.5 * db2
    if epoch % 20 == 0:
        print(epoch, loss)
