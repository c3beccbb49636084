import numpy as np


class FM:
    """Second-order factorization machine for clicks, labels in {-1, +1}."""

    def __init__(self, n_features, k=3, lr=0.05):
        self.w0 = 0.0
        self.w = np.zeros(n_features)
        self.v = np.random.normal(0, 0.1, (n_features, k))
        self.lr = lr

    def margin(self, idx, val):
        vx = self.v[idx] * val[:, None]
        s = vx.sum(0)
        return self.w0 + self.w[idx] @ val + 0.5 * (s @ s - (vx ** 2).sum()), s

    def partial_fit(self, idx, val, y):
        m, s = self.margin(idx, val)
        g = -y / (1 + np.exp(y * m))
        grad_v = g * (np.outer(val, s) - self.v[idx] * (val ** 2)[:, None])
        self.w0 -= self.lr * g
        self.w[idx] -= self.lr * g * val
        self.v[idx] -= self.lr * grad_v
        return np.log1p(np.exp(-y * m))


def stream(n):
    users, items = 6, 5
    affinity = np.random.randn(users, 2) @ np.random.randn(2, items)
    for _ in range(n):
        u, i = np.random.randint(users), np.random.randint(items)
        hour = np.random.rand()
        idx = np.array([u, users + i, users + items])
        val = np.array([1.0, 1.0, hour])
        yield idx, val, 1 if affinity[u, i] + 0.3 * hour > 0 else -1


fm = FM(12)
progressive = []
for idx, val, y in stream(600):
    progressive.append(fm.partial_fit(idx, val, y))
print("progressive log loss: first 100 %.3f, last 100 %.3f" % (np.mean(progressive[:100]), np.mean(progressive[-100:])))
