import numpy as np

np.random.seed(15)
N = 40
X = np.random.randn(2, N)
Y = (np.sum(X ** 2, axis=0, keepdims=True) < 1.4).astype(float)

theta1 = np.random.randn(7, 2) * 0.7
theta2 = np.random.randn(1, 7) * 0.7
bias1 = np.random.randn(7, 1) * 0.1
bias2 = np.zeros((1, 1))


def elu(z):
    return np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1)


def elu_slope(out):
    return np.where(out > 0, 1.0, out + 1)


for it in range(60):
    Z1 = theta1 @ X + bias1
    A1 = elu(Z1)
    A2 = 1 / (1 + np.exp(-(theta2 @ A1 + bias2)))
    J = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / N
    E2 = A2 - Y
    E1 = theta2.T @ E2 * elu_slope(A1)
    theta2 -= 0.3 / N * E2 @ A1.T
    bias2 -= 0.3 / N * E2.sum(axis=1, keepdims=True)
    theta1 -= 0.3 / N * E1 @ X.T
    bias1 -= 0.3 / N * E1.sum(axis=1, keepdims=True)
    if it % 20 == 0:
        print("J", J)
