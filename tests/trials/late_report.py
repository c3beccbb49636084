"""train a small MLP classifier on two spirals; optimiser written by hand"""
import numpy as np


def spirals(n, noise, seed):
    g = np.random.default_rng(seed)
    a = np.sqrt(g.random(n)) * 2.5 * np.pi
    s = np.where(g.random(n) < 0.5, 1.0, -1.0)
    pts = np.stack([s * a * np.cos(a), s * a * np.sin(a)], 1) / 8 + noise * g.normal(size=(n, 2))
    return pts, s


class Adam:
    def __init__(self, lr=1e-2, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t = 0
        self.m = None
        self.v = None

    def step(self, weights, grads):
        if self.m is None:
            self.m = [np.zeros_like(w) for w in weights]
            self.v = [np.zeros_like(w) for w in weights]
            self.t = 1
        else:
            self.t += 1
        c1 = 1 - self.beta1 ** self.t
        c2 = 1 - self.beta2 ** self.t
        for w, g, m, v in zip(weights, grads, self.m, self.v):
            m += (1 - self.beta1) * (g - m)
            v += (1 - self.beta2) * (g * g - v)
            w -= self.lr * g


def forward(ws, x):
    w1, b1, w2, b2, w3, b3 = ws
    h1 = np.tanh(x @ w1 + b1)
    h2 = np.tanh(h1 @ w2 + b2)
    return h1, h2, (h2 @ w3 + b3)[:, 0]


def exp_loss(f, s):
    # logistic loss with labels in {-1, +1}
    return np.logaddexp(0, -s * f).mean()


def gradients(ws, x, s):
    w1, b1, w2, b2, w3, b3 = ws
    h1, h2, f = forward(ws, x)
    df = (-s / (1 + np.exp(s * f)) / len(s))[:, None]
    d2 = df @ w3.T * (1 - h2 ** 2)
    d1 = d2 @ w2.T * (1 - h1 ** 2)
    return [x.T @ d1, d1.sum(0), h1.T @ d2, d2.sum(0), h2.T @ df, df.sum(0)]


x, s = spirals(200, 0.02, 9)
g0 = np.random.default_rng(10)
shapes = [(2, 16), 16, (16, 8), 8, (8, 1), 1]
ws = [g0.normal(0, 0.7, sh) if isinstance(sh, tuple) else np.zeros(sh) for sh in shapes]
opt = Adam()
for it in range(500):
    gs = gradients(ws, x, s)
    opt.step(ws, gs)
    if it % 100 == 99:
        f = forward(ws, x)[2]
        print("iter %d loss %.4f acc %.3f" % (it + 1, exp_loss(f, s), np.mean(f * s > 0)))
