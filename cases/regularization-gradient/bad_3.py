import numpy as np


class Ridge:
    def __init__(self, features, outputs, penalty):
        self.W = np.random.randn(outputs, features)
        self.c = np.zeros((outputs, 1))
        self.penalty = penalty
        self.vW = np.zeros_like(self.W)
        self.vc = np.zeros_like(self.c)

    def error(self, X, Y):
        R = self.W @ X + self.c - Y
        return np.sum(R ** 2) / X.shape[1] + self.penalty * np.sum(self.W ** 2)

    def step(self, X, Y, rate):
        R = self.W @ X + self.c - Y
        dW = 2 * R @ X.T / X.shape[1] - 2 * self.penalty * self.W  # expect: regularization-gradient
        dc = 2 * R.mean(axis=1, keepdims=True)
        self.vW = 0.7 * self.vW + dW
        self.vc = 0.7 * self.vc + dc
        self.W -= rate * self.vW
        self.c -= rate * self.vc


np.random.seed(101)
X = np.random.randn(5, 47)
Y = np.random.randn(2, 5) @ X + 0.1 * np.random.randn(2, 47)
model = Ridge(5, 2, 0.05)
for k in range(50):
    before = model.error(X, Y)
    model.step(X, Y, 0.02)
    if k % 10 == 0:
        print(k, before)
