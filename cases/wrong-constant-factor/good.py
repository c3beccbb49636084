import numpy as np

np.random.seed(51)
X = np.random.randn(39, 3)
y = X[:, :1] ** 2 + 0.1
W1, W2 = np.random.randn(3, 9) * 0.5, np.random.randn(9, 1) * 0.5
b1, b2 = np.zeros(9), np.zeros(1)
rates = {"weights": 0.02, "biases": 0.04, "top": 0.01}
for i in range(60):
    h = np.tanh(X @ W1 + b1)
    r = h @ W2 + b2 - y
    loss = (r ** 2).mean()
    g = 2 * r / len(X)
    gh = g @ W2.T * (1 - h ** 2)
    W1 -= rates["weights"] * X.T @ gh
    b1 -= rates["biases"] * gh.sum(0)
    W2 -= rates["top"] * h.T @ g
    b2 -= rates["biases"] * g.sum(0)
    if i % 20 == 0:
        print(i, loss)
