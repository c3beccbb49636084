import numpy as np


class Standardise:
    def __init__(self, width):
        self.eps = 1e-5
        self.scale, self.shift = np.ones(width), np.zeros(width)

    def forward(self, x):
        self.mean, self.var = x.mean(axis=0), x.var(axis=0)
        self.x = x
        self.y = (x - self.mean) / np.sqrt(self.var + self.eps)
        return self.y * self.scale + self.shift

    def backward(self, d):
        n = len(d)
        inv = 1 / np.sqrt(self.var + 1e-8)
        self.d_scale, self.d_shift = (d * self.y).sum(axis=0), d.sum(axis=0)
        dy = d * self.scale
        dvar = (dy * (self.x - self.mean)).sum(axis=0) * -0.5 * inv ** 3
        return dy * inv + dvar * 2 * (self.x - self.mean) / n - (dy * inv).mean(axis=0)


rng = np.random.default_rng(3)
x = rng.normal(2, 3, (64, 5))
t = (x[:, 0] * x[:, 1] > 4).astype(int)
A, B = rng.normal(0, 0.4, (5, 9)), rng.normal(0, 0.4, (9, 2))
norm = Standardise(9)

for epoch in range(60):
    h = np.maximum(norm.forward(x @ A), 0)
    z = h @ B
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(64), t] + 1e-9))
    dz = p.copy()
    dz[np.arange(64), t] -= 1
    dz /= 64
    dB = h.T @ dz
    dA = x.T @ norm.backward((dz @ B.T) * (h > 0))
    A -= 0.3 * dA
    B -= 0.3 * dB
    norm.scale -= 0.3 * norm.d_scale
    norm.shift -= 0.3 * norm.d_shift
    if epoch % 20 == 0:
        print(epoch, loss)
