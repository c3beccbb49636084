import numpy as np

np.random.seed(200)
X = np.random.randn(62, 4)
T = np.eye(3)[np.argmax(X[:, :3], axis=1)]
W1, b1 = np.random.randn(4, 9) * 0.5, np.zeros(9)
W2, b2 = np.random.randn(9, 3) * 0.5, np.zeros(3)
for epoch in range(50):
    h = np.tanh(X @ W1 + b1)
    z = h @ W2 + b2
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    loss = -np.sum(T * np.log(p)) / len(X)
    d = (p - T) / len(X)
    g = d @ W2.T * (1 - h)  # expect: wrong-activation-derivative
    dW2, db2 = h.T @ d, d.sum(axis=0)
    dW1, db1 = X.T @ g, g.sum(axis=0)
    W2 -= 0.3 * dW2
    b2 += 0.3 * db2  # expect: sign-flipped-update
    W1 -= 0.3 * dW1
    b1 -= 0.3 * db1
    if epoch % 10 == 0:
        print(epoch, loss)
