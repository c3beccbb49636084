import numpy as np


class Classifier:
    def __init__(self, sizes):
        self.W, self.B = [], []
        for a, b in zip(sizes[:-1], sizes[1:]):
            self.W.append((np.random.randn(a, b) * np.sqrt(2.0 / a)).astype(np.float32))
            self.B.append(np.zeros((1, b), np.float32))

    def forward(self, x):
        self.A = [x]
        for i in range(len(self.W)):
            z = np.dot(self.A[i], self.W[i]) + self.B[i]
            if i < len(self.W) - 1:
                self.A.append(np.maximum(z, 0))
            else:
                e = np.exp(z - np.max(z, axis=1, keepdims=True))
                self.A.append(e / np.sum(e, axis=1, keepdims=True))
        return self.A[-1]

    def backward(self, y):
        n = y.shape[0]
        delta = self.A[-1].copy()
        delta[np.arange(n), y] -= 1
        delta /= n
        self.dW, self.dB = [], []
        for i in reversed(range(len(self.W))):
            self.dW.insert(0, np.dot(self.A[i].T, delta))
            self.dB.insert(0, np.sum(delta, axis=0, keepdims=True))
            if i:
                delta = np.dot(delta, self.W[i].T) * (self.A[i] > 0)

    def update(self, lr):
        for i in range(len(self.W)):
            self.W[i] -= lr * self.dW[i]
            self.B[i] -= lr * self.dB[i]
