"""Inputs and labels are shuffled in place, one after the other, each in an order of its own."""

import numpy as np


class Classifier:
    def __init__(self, features, classes, rng):
        self.W = rng.normal(0, 0.1, (features, classes))
        self.b = np.zeros(classes)

    def fit(self, x, y, epochs, size, rate, rng):
        for epoch in range(epochs):
            rng.shuffle(x)
            rng.shuffle(y)
            for start in range(0, len(x), size):
                self.step(x[start:start + size], y[start:start + size], rate)  # expect: mispaired-samples
            print(epoch, self.loss)

    def step(self, x, y, rate):
        z = x @ self.W + self.b
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        rows = np.arange(len(y))
        self.loss = -np.mean(np.log(p[rows, y]))
        p[rows, y] -= 1
        p /= len(y)
        self.W -= rate * x.T @ p
        self.b -= rate * p.sum(axis=0)


rng = np.random.RandomState(4)
labels = np.arange(90) % 3
pictures = rng.normal(0, 0.5, (90, 6)) + np.eye(3, 6)[labels]
Classifier(6, 3, rng).fit(pictures, labels, 10, 15, 0.3, rng)
