"""Triplet metric learning with weight normalisation, unit-norm embeddings and Adagrad."""
import numpy as np


def softplus(x):
    return np.logaddexp(0.0, x)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


class WeightNormLinear:
    """W[:, j] = g[j] * v[:, j] / ||v[:, j]||"""

    def __init__(self, n_in, n_out, rng):
        self.v = rng.normal(0, 1, (n_in, n_out))
        self.g = np.ones(n_out)
        self.b = np.zeros(n_out)
        self.zero_grad()

    def zero_grad(self):
        self.dv, self.dg, self.db = np.zeros_like(self.v), np.zeros_like(self.g), np.zeros_like(self.b)

    @property
    def W(self):
        return self.g * self.v / np.linalg.norm(self.v, axis=0)

    def __call__(self, x):
        return x @ self.W + self.b

    def backward(self, x, dy):
        norm = np.linalg.norm(self.v, axis=0)
        vhat = self.v / norm
        dW = x.T @ dy
        proj = (dW * vhat).sum(axis=0)
        self.dg += proj
        self.dv += self.g / norm * (dW - proj * vhat)
        self.db += dy.sum(axis=0)
        return dy @ self.W.T

    def params(self):
        yield "v", self.v, self.dv
        yield "g", self.g, self.dg
        yield "b", self.b, self.db


class Embedder:
    def __init__(self, rng):
        self.l1 = WeightNormLinear(6, 20, rng)
        self.l2 = WeightNormLinear(20, 4, rng)

    def forward(self, x):
        z = self.l1(x)
        h = softplus(z)
        e = self.l2(h)
        r = np.linalg.norm(e, axis=1, keepdims=True)
        u = e / r
        return u, (x, z, h, u, r)

    def backward(self, du, cache):
        x, z, h, u, r = cache
        de = (du - u * (du * u).sum(axis=1, keepdims=True)) / r
        dh = self.l2.backward(h, de)
        self.l1.backward(x, dh * sigmoid(z))


def triplet_loss(a, p, n, margin):
    gap = ((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + margin
    active = (gap > 0).astype(float)[:, None] / len(gap)
    loss = np.maximum(gap, 0).mean()
    da = 2 * active * (n - p)
    dp = -2 * active * (a - p)
    dn = 2 * active * (a - n)
    return loss, da, dp, dn, (gap > 0).mean()


def triplets(rng, centres, B):
    ca = rng.integers(0, len(centres), B)
    cn = (ca + rng.integers(1, len(centres), B)) % len(centres)
    noise = lambda: 0.9 * rng.standard_normal((B, centres.shape[1]))
    return centres[ca] + noise(), centres[ca] + noise(), centres[cn] + noise()


def main():
    rng = np.random.default_rng(33)
    centres = rng.normal(0, 1.2, (5, 6))
    net = Embedder(rng)
    hist = {}
    for it in range(300):
        batch = triplets(rng, centres, 48)
        outs, caches = zip(*(net.forward(x) for x in batch))
        loss, da, dp, dn, frac = triplet_loss(*outs, margin=0.4)
        for layer in (net.l1, net.l2):
            layer.zero_grad()
        for d, cache in zip((da, dp, dn), caches):
            net.backward(d, cache)
        for li, layer in enumerate((net.l1, net.l2)):
            for name, p, grad in layer.params():
                key = (li, name)
                hist[key] = hist.get(key, 0.0) + grad ** 2
                p -= 0.08 * grad / (np.sqrt(hist[key]) + 1e-8)
        if it % 50 == 0:
            print(f"it {it} loss {loss:.4f} active {frac:.2f}")


if __name__ == "__main__":
    main()
