"""Maxout units vs two moons; squared hinge; grid search over the learning rate.

Nesterov in the "rewritten" (cs231n) form:
    v_prev = v ; v = mu*v - lr*g ; x += -mu*v_prev + (1+mu)*v
so the stored parameters *are* the look-ahead point.
"""
import numpy as np


def two_moons(n, rng):
    t = np.pi * rng.random(n)
    lab = np.where(np.arange(n) % 2, 1.0, -1.0)
    x = np.where(lab > 0, np.cos(t), 1 - np.cos(t))
    y = np.where(lab > 0, np.sin(t), 0.5 - np.sin(t))
    return np.stack([x, y], 1) + 0.15 * rng.standard_normal((n, 2)), lab


class MaxoutNet:
    def __init__(self, n_in, units, pieces, l2, rng):
        self.W = rng.standard_normal((pieces, n_in, units)) * 0.7
        self.b = rng.standard_normal((pieces, units)) * 0.1
        self.v = rng.standard_normal(units) / np.sqrt(units)
        self.c = 0.0
        self.l2 = l2

    def scores(self, X):
        self._X = X
        pre = np.tensordot(X, self.W, axes=([1], [1])) + self.b      # n, pieces, units
        self._win = pre.argmax(axis=1)
        self._h = np.take_along_axis(pre, self._win[:, None, :], axis=1)[:, 0]
        return self._h @ self.v + self.c

    def loss(self, X, y):
        self._slack = np.maximum(0, 1 - y * self.scores(X))
        return np.mean(self._slack**2) + 0.5 * self.l2 * (np.sum(self.W**2) + np.sum(self.v**2))

    def grads(self, y):
        ds = -2 * y * self._slack / len(y)
        gv = self._h.T @ ds + self.l2 * self.v
        dh = np.multiply.outer(ds, self.v)
        gW = self.l2 * self.W
        gb = np.zeros_like(self.b)
        for j in range(self.W.shape[0]):
            routed = dh * (self._win == j)
            gW[j] += self._X.T @ routed
            gb[j] += routed.sum(0)
        return {"W": gW, "b": gb, "v": gv, "c": ds.sum()}


def train(lr, seed=9, epochs=40, mu=0.9):
    rng = np.random.default_rng(seed)
    Xtr, ytr = two_moons(160, rng)
    Xva, yva = two_moons(160, rng)
    net = MaxoutNet(2, 8, 3, 1e-3, rng)
    vel = {k: 0.0 for k in ("W", "b", "v", "c")}
    for _ in range(epochs):
        order = rng.permutation(len(ytr))
        for i in range(0, len(order), 40):
            ix = order[i:i + 40]
            L = net.loss(Xtr[ix], ytr[ix])
            for k, g in net.grads(ytr[ix]).items():
                prev = vel[k]
                vel[k] = mu * prev - lr * g
                setattr(net, k, getattr(net, k) - mu * prev + (1 + mu) * vel[k])
        if not np.isfinite(L):
            return np.inf, 0.0
    return net.loss(Xva, yva), np.mean(np.sign(net.scores(Xva)) == yva)


if __name__ == "__main__":
    table = {lr: train(lr) for lr in (0.001, 0.01, 0.05)}
    for lr, (l, acc) in table.items():
        print(f"lr={lr:<6} val loss {l:.4f} acc {acc:.3f}")
    print("best lr:", min(table, key=lambda k: table[k][0]))
