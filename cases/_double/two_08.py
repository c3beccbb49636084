import numpy as np


class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, g):
        return g * self.p * (1 - self.p)  # expect: softmax-jacobian-diagonal


class Dense:
    def __init__(self, n, m):
        self.W, self.b = np.random.randn(n, m) * 0.4, np.zeros(m)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        self.dW, self.db = self.x.T @ g, g.sum(axis=0)
        return g @ self.W.T


np.random.seed(207)
X = np.random.randn(55, 4)
Y = np.random.dirichlet(np.ones(3), 55)
one, two, soft = Dense(4, 8), Dense(8, 3), Softmax()
for epoch in range(40):
    h = np.tanh(one.forward(X))
    p = soft.forward(two.forward(h))
    loss = 0.5 * np.mean(np.sum((p - Y) ** 2, axis=1))
    g = two.backward(soft.backward((p - Y) / len(X)))
    one.backward(g * (1 - h))  # expect: wrong-activation-derivative
    for layer in (one, two):
        layer.W -= 0.5 * layer.dW
        layer.b -= 0.5 * layer.db
    if epoch % 10 == 0:
        print(epoch, loss)
