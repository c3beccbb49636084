import numpy as np

np.random.seed(7)


class Classifier:
    def __init__(self, features, classes):
        self.W = np.random.randn(features, classes)
        self.b = np.zeros((1, classes))

    def forward(self, x):
        z = x @ self.W + self.b
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def loss(self, y):
        picked = self.p[np.arange(len(y)), y]
        return -np.log(picked).mean()  # expect: log-of-zero

    def backward(self, x, y, rate):
        d = self.p.copy()
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        self.W -= rate * x.T @ d
        self.b -= rate * d.sum(axis=0, keepdims=True)


x = np.random.randn(40, 6) * 500
y = np.random.randint(0, 4, 40)
model = Classifier(6, 4)
for epoch in range(10):
    model.forward(x)
    print(model.loss(y))
    model.backward(x, y, 0.001)
