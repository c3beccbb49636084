import numpy as np


class Classifier:
    def __init__(self, n, h, seed=0):
        rng = np.random.default_rng(seed)
        self.p = {"V": rng.normal(size=(h, n)) * 0.5, "v": np.zeros((h, 1)),
                  "U": rng.normal(size=(1, h)) * 0.5, "u": np.zeros((1, 1))}
        self.m = {k: 0 for k in self.p}
        self.s = {k: 0 for k in self.p}
        self.t = 0

    def forward(self, x):
        self.x = x
        self.h = np.tanh(self.p["V"] @ x + self.p["v"])
        self.o = 1 / (1 + np.exp(-(self.p["U"] @ self.h + self.p["u"])))
        return self.o

    def loss(self, y):
        return -np.mean(y * np.log(self.o) + (1 - y) * np.log(1 - self.o))

    def backward(self, y):
        n = y.shape[1]
        d = (self.o - y) * self.o * (1 - self.o) / n  # expect: loss-mismatch
        dh = self.p["U"].T @ d * (1 - self.h ** 2)
        return {"U": d @ self.h.T, "u": d.sum(1, keepdims=True), "V": dh @ self.x.T, "v": dh.sum(1, keepdims=True)}

    def adam(self, g, lr=0.05, b1=0.9, b2=0.999):
        self.t += 1
        for k in self.p:
            self.m[k] = b1 * self.m[k] + (1 - b1) * g[k]
            self.s[k] = b2 * self.s[k] + (1 - b2) * g[k] ** 2
            self.p[k] = self.p[k] - lr * (self.m[k] / (1 - b1 ** self.t)) / (
                np.sqrt(self.s[k] / (1 - b2 ** self.t)) + 1e-8)


rng = np.random.default_rng(141)
x = rng.normal(size=(4, 77))
y = (x[:1] + x[1:2] * x[2:3] > 0).astype(float)
net = Classifier(4, 6)
for i in range(40):
    net.forward(x)
    if i % 10 == 0:
        print(i, net.loss(y))
    net.loss(y)
    net.adam(net.backward(y))
