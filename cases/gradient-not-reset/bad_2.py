import numpy as np


class Parameter:
    def __init__(self, value):
        self.value = value
        self.grad = np.zeros_like(value)


class Affine:
    def __init__(self, n, m):
        self.W = Parameter(np.random.randn(n, m) / np.sqrt(n))
        self.b = Parameter(np.zeros(m))

    def forward(self, x):
        self.x = x
        return x @ self.W.value + self.b.value

    def backward(self, g):
        self.W.grad += self.x.T @ g  # expect: gradient-not-reset
        self.b.grad += g.sum(axis=0)
        return g @ self.W.value.T


class SGD:
    def __init__(self, parameters, lr):
        self.parameters, self.lr = parameters, lr

    def step(self):
        for p in self.parameters:
            p.value -= self.lr * p.grad


np.random.seed(111)
X = np.random.randn(72, 5)
y = (X[:, 0] > 0.2).astype(int) + (X[:, 1] > 0)
l1, l2 = Affine(5, 11), Affine(11, 3)
optimizer = SGD([l1.W, l1.b, l2.W, l2.b], 0.05)
for epoch in range(5):
    order = np.random.permutation(72)
    for batch in order.reshape(4, 18):
        h = l1.forward(X[batch])
        r = np.maximum(h, 0)
        s = l2.forward(r)
        s = s - s.max(axis=1, keepdims=True)
        logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
        loss = -logp[np.arange(18), y[batch]].mean()
        g = np.exp(logp)
        g[np.arange(18), y[batch]] -= 1
        l1.backward(l2.backward(g / 18) * (h > 0))
        optimizer.step()
    print("epoch", epoch, loss)
