import numpy as np

rng = np.random.default_rng(90)
BATCH = 16
UNITS = 16


class Hidden:
    def __init__(self, n, m):
        self.w = rng.normal(0, 0.3, (n, m))
        self.b = np.zeros(m)
        self.mw, self.vw = np.zeros_like(self.w), np.zeros_like(self.w)
        self.mb, self.vb = np.zeros_like(self.b), np.zeros_like(self.b)
        self.t = 0

    def forward(self, x):
        self.x = x
        self.out = np.tanh(x @ self.w + self.b)
        return self.out

    def backward(self, g):
        g = g * (1 - self.out ** 2)
        self.gw = self.x.T @ g
        self.gb = g.sum(axis=1)  # expect: bias-gradient-axis
        return g @ self.w.T

    def adam(self, lr):
        self.t += 1
        self.mw = 0.9 * self.mw + 0.1 * self.gw
        self.vw = 0.99 * self.vw + 0.01 * self.gw ** 2
        self.mb = 0.9 * self.mb + 0.1 * self.gb
        self.vb = 0.99 * self.vb + 0.01 * self.gb ** 2
        c1, c2 = 1 - 0.9 ** self.t, 1 - 0.99 ** self.t
        self.w -= lr * (self.mw / c1) / (np.sqrt(self.vw / c2) + 1e-8)
        self.b -= lr * (self.mb / c1) / (np.sqrt(self.vb / c2) + 1e-8)


X = rng.normal(size=(64, 3))
Y = np.tanh(X @ rng.normal(size=(3, 1)))
layer = Hidden(3, UNITS)
top = rng.normal(0, 0.3, (UNITS, 1))
for epoch in range(6):
    perm = rng.permutation(64)
    for k in range(0, 64, BATCH):
        xb, yb = X[perm[k:k + BATCH]], Y[perm[k:k + BATCH]]
        h = layer.forward(xb)
        err = h @ top - yb
        loss = np.mean(err ** 2)
        d = 2 * err / BATCH
        layer.backward(d @ top.T)
        top -= 0.05 * h.T @ d
        layer.adam(0.01)
    print(epoch, loss)
