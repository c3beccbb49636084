import numpy as np

np.random.seed(16)
x = np.random.randn(70, 3)
y = (x @ np.array([[1.0], [-2.0], [0.5]]) + 0.3 > 0).astype(float)

w1 = np.random.randn(3, 6) * 0.5
b1 = np.zeros((1, 6))
w2 = np.random.randn(6, 1) * 0.5
b2 = np.zeros((1, 1))
alpha = 0.3

for epoch in range(60):
    a1 = 1 / (1 + np.exp(-(x @ w1 + b1)))
    a2 = 1 / (1 + np.exp(-(a1 @ w2 + b2)))
    loss = -(y * np.log(a2) + (1 - y) * np.log(1 - a2)).mean()
    dz2 = (a2 - y) / len(x)
    dw2 = a1.T @ dz2
    db2 = dz2.sum(axis=0, keepdims=True)
    dz1 = dz2 @ w2.T * a1 * (1 - a1)
    dw1 = x.T @ dz1
    db1 = dz1.sum(axis=0, keepdims=True)
    w2 -= alpha * dw2
    b2 -= alpha * db2
    w1 += alpha * dw1  # expect: sign-flipped-update
    b1 -= alpha * db1
    if epoch % 20 == 0:
        print(epoch, loss)
