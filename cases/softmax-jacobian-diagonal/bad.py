import numpy as np

np.random.seed(130)
X = np.random.randn(68, 4)
T = np.eye(5)[np.random.randint(0, 5, 68)]
W1, b1 = np.random.randn(4, 9) * 0.5, np.zeros(9)
W2, b2 = np.random.randn(9, 5) * 0.5, np.zeros(5)

for epoch in range(50):
    h = np.maximum(X @ W1 + b1, 0)
    z = h @ W2 + b2
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.sum(T * np.log(p)) / len(X)

    dp = -T / p / len(X)
    dz = dp * p * (1 - p)  # expect: softmax-jacobian-diagonal
    dh = (dz @ W2.T) * (h > 0)
    W2 -= 0.3 * h.T @ dz
    b2 -= 0.3 * dz.sum(axis=0)
    W1 -= 0.3 * X.T @ dh
    b1 -= 0.3 * dh.sum(axis=0)
    if epoch % 10 == 0:
        print(epoch, loss)
