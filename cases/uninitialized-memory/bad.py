import numpy as np

np.random.seed(150)
X = np.random.rand(20, 3)
Y = (X[:, :1] > X[:, 1:2]).astype(float)
W = np.random.randn(6, 3)
V = np.random.randn(1, 6)

for epoch in range(15):
    grad_W = np.empty_like(W)
    grad_V = np.zeros_like(V)
    cost = 0.0
    for x, y in zip(X, Y):
        h = np.tanh(W @ x)
        o = 1 / (1 + np.exp(-(V @ h)))
        cost += 0.5 * np.sum((o - y) ** 2)
        d = (o - y) * o * (1 - o)
        grad_V += np.outer(d, h)
        grad_W += np.outer((V.T @ d) * (1 - h ** 2), x)  # expect: uninitialized-memory
    W -= 0.1 * grad_W / len(X)
    V -= 0.1 * grad_V / len(X)
    if epoch % 5 == 0:
        print(epoch, cost)
