import numpy as np


class Tower:
    def __init__(self, n_in, n_mid, n_out):
        self.A = np.random.normal(0, n_in ** -0.5, (n_mid, n_in))
        self.a = np.zeros((n_mid, 1))
        self.B = np.random.normal(0, n_mid ** -0.5, (n_out, n_mid))

    def up(self, x):
        h = np.tanh(self.A.dot(x) + self.a)
        return h, self.B.dot(h)

    def down(self, x, h, g):
        gh = self.B.T.dot(g) * (1 - h * h)
        return gh.dot(x.T), gh.sum(1).reshape(-1, 1), g.dot(h.T)


def cosine(u, v):
    nu = np.sqrt((u * u).sum(0))
    nv = np.sqrt((v * v).sum(0))
    return (u * v).sum(0) / (nu * nv), nu, nv


def pairs(n):
    base = np.random.randn(6, n)
    same = np.random.rand(n) < 0.5
    other = np.where(same, base + 0.3 * np.random.randn(6, n), np.random.randn(6, n))
    return base, other, same


net = Tower(6, 10, 4)
margin = 0.2
for it in range(200):
    x1, x2, same = pairs(15)
    h1, u = net.up(x1)
    h2, v = net.up(x2)
    c, nu, nv = cosine(u, v)
    losses = np.where(same, 1 - c, np.maximum(c - margin, 0))

    gc = np.where(same, -1.0, (c > margin).astype(float)) / same.size
    gu = gc * (v / (nu * nv) - c * u / nu ** 2)
    gv = gc * (u / (nu * nv) - c * v / nv ** 2)
    g1 = net.down(x1, h1, gu)
    g2 = net.down(x2, h2, gv)

    net.A -= 0.3 * (g1[0] + g2[0])
    net.a -= 0.3 * (g1[1] + g2[1])
    net.B -= 0.3 * (g1[2] + g2[2])
    if it % 50 == 0:
        print("it", it, "contrastive loss", losses.sum() / losses.size)
