import numpy as np

np.random.seed(18)
X = np.random.randn(46, 5)
y = X[:, :2] * X[:, 2:4]

W1 = np.random.randn(5, 10) * 0.4
W2 = np.random.randn(10, 2) * 0.4
b1 = np.zeros(10)
b2 = np.zeros(2)

for epoch in range(70):
    z1 = X @ W1 + b1
    h1 = np.maximum(z1, 0)
    out = h1 @ W2 + b2
    loss = 0.5 * np.sum((out - y) ** 2)

    grad_out = out - y
    grad_W2 = h1.T @ grad_out
    grad_b2 = grad_out.sum(axis=0)
    grad_z1 = grad_out @ W2.T
    grad_z1[z1 <= 0] = 0
    grad_W1 = 2 * X.T @ grad_z1  # expect: wrong-constant-factor
    grad_b1 = grad_z1.sum(axis=0)

    W2 -= 0.002 * grad_W2
    b2 -= 0.002 * grad_b2
    W1 -= 0.002 * grad_W1
    b1 -= 0.002 * grad_b1
    if epoch % 20 == 0:
        print(epoch, loss)
