import numpy as np


def initialize_parameters(n_x, n_h, n_y):
    np.random.seed(2)
    return np.random.randn(n_h, n_x) * 0.1, np.zeros((n_h, 1)), np.random.randn(n_y, n_h) * 0.1, np.zeros((n_y, 1))


np.random.seed(1)
X = np.random.randn(3, 54)
Y = (X[0:1] * X[1:2] + X[2:3] > 0).astype(float)
m = X.shape[1]
W1, b1, W2, b2 = initialize_parameters(3, 5, 1)

for i in range(80):
    A1 = np.tanh(np.dot(W1, X) + b1)
    A2 = 1 / (1 + np.exp(-(np.dot(W2, A1) + b2)))
    cost = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m

    dZ2 = A2 - Y
    dW2 = np.dot(dZ2, A1.T) / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = np.dot(W2.T, dZ2) * (1 - A1 ** 2)
    dW1 = np.dot(dZ1, X.T) / m
    db1 = np.sum(dZ1, axis=1, keepdims=True)  # expect: batch-scale-inconsistent

    W1 = W1 - 0.3 * dW1
    b1 = b1 - 0.3 * db1
    W2 = W2 - 0.3 * dW2
    b2 = b2 - 0.3 * db2
    if i % 20 == 0:
        print("cost", cost)
