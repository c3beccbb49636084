import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def dsigmoid(z):
    return sigmoid(z) * (1 - sigmoid(z))


np.random.seed(204)
X = np.random.randn(61, 4)
Y = (X[:, :1] > X[:, 1:2]).astype(float)
W1, W2 = np.random.randn(4, 8) * 0.6, np.random.randn(8, 1) * 0.6
lam = 0.01
for i in range(60):
    a1 = sigmoid(X.dot(W1))
    a2 = sigmoid(a1.dot(W2))
    loss = -np.mean(Y * np.log(a2) + (1 - Y) * np.log(1 - a2)) + 0.5 * lam * np.sum(W2 ** 2)
    d2 = (a2 - Y) / len(X)
    d1 = d2.dot(W2.T) * dsigmoid(a1)  # expect: derivative-at-wrong-point
    g2 = a1.T.dot(d2) - lam * W2  # expect: regularization-gradient
    g1 = X.T.dot(d1)
    W2 -= 0.4 * g2
    W1 -= 0.4 * g1
    if i % 20 == 0:
        print(i, loss)
