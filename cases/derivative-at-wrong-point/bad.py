import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_prime(x):
    return sigmoid(x) * (1 - sigmoid(x))


np.random.seed(3)
X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=float)
y = np.array([[0.0], [1.0], [1.0], [0.0]])

w0 = 2 * np.random.random((3, 5)) - 1
w1 = 2 * np.random.random((5, 1)) - 1

for i in range(200):
    z1 = X.dot(w0)
    l1 = sigmoid(z1)
    z2 = l1.dot(w1)
    l2 = sigmoid(z2)

    l2_error = l2 - y
    cost = 0.5 * np.sum(l2_error ** 2)
    l2_delta = l2_error * sigmoid_prime(z2)
    l1_delta = l2_delta.dot(w1.T) * sigmoid_prime(l1)  # expect: derivative-at-wrong-point

    w1 -= 0.5 * l1.T.dot(l2_delta)
    w0 -= 0.5 * X.T.dot(l1_delta)
    if i % 50 == 0:
        print(i, cost)
