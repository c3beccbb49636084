import numpy as np
import random

class NeuralNet:
    def __init__(self, layers, lr):
        self.layers = layers
        self.lr = lr
        self.w = np.empty(len(layers)-1, dtype=object)
        self.b = np.empty(len(layers)-1, dtype=object)
        for i in range(len(layers)-1):
            self.w[i] = np.random.normal(0, 1/np.sqrt(layers[i]), (layers[i+1], layers[i]))
            self.b[i] = np.random.normal(0, 0.1, layers[i+1])

    def f(self, x):
        return np.tanh(x)

    def df(self, y):
        return 1 - y**2

    def guess(self, x):
        for w, b in zip(self.w, self.b):
            x = self.f(w @ x + b)
        return x

    def train(self, x, target):
        outs = [np.array(x)]
        for w, b in zip(self.w, self.b):
            outs.append(self.f(w @ outs[-1] + b))
        dw = np.empty_like(self.w)
        db = np.empty_like(self.b)
        delta = (outs[-1] - target) * self.df(outs[-1])
        for i in range(len(self.w)-1, -1, -1):
            dw[i] = np.outer(delta, outs[i])
            db[i] = delta
            delta = (self.w[i].T @ delta) * self.df(outs[i])
        self.w -= self.lr * dw
        self.b -= self.lr * db
        return 0.5 * sum((outs[-1] - target)**2)

nn = NeuralNet([2, 6, 4, 3], 0.1)
for i in range(400):
    x = [random.uniform(-1, 1), random.uniform(-1, 1)]
    t = np.array([x[0]*x[1], x[0] > x[1], np.sin(x[0])])
    e = nn.train(x, t)
    if i % 100 == 0:
        print(i, e)
print(nn.guess([0.5, -0.5]))
