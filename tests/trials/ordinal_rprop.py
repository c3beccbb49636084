"""Ordinal regression (proportional odds) trained with Rprop.

Five-star ratings. Cut points are t0, t0+exp(d1), t0+exp(d1)+exp(d2), ...
so they always stay ordered. Only the SIGN of the gradient is used to move.
"""
import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


class ProportionalOdds:
    def __init__(self, n_features, n_levels):
        self.coef = np.zeros(n_features)
        self.raw_cuts = np.zeros(n_levels - 1)
        self.raw_cuts[0] = -1.0

    @property
    def cuts(self):
        return np.cumsum(np.concatenate(([self.raw_cuts[0]], np.exp(self.raw_cuts[1:]))))

    def probabilities(self, X):
        c = sigmoid(self.cuts[None, :] - (X @ self.coef)[:, None])
        padded = np.hstack([np.zeros((len(X), 1)), c, np.ones((len(X), 1))])
        return np.diff(padded, axis=1), padded

    def negloglik(self, X, y):
        probs, padded = self.probabilities(X)
        return -np.log(probs[np.arange(len(y)), y]).mean()

    def gradient(self, X, y):
        n = len(y)
        probs, padded = self.probabilities(X)
        like = probs[np.arange(n), y]
        dens = padded * (1 - padded)            # zero in both padding columns
        upper = dens[np.arange(n), y + 1]
        lower = dens[np.arange(n), y]
        g_coef = X.T @ ((upper - lower) / like) / n
        g_cut = np.zeros(len(self.raw_cuts) + 2)
        np.add.at(g_cut, y + 1, -upper / like / n)
        np.add.at(g_cut, y, lower / like / n)
        g_cut = g_cut[1:-1]
        # chain through the cumulative sum, then through exp
        tail = np.cumsum(g_cut[::-1])[::-1]
        tail[1:] *= np.exp(self.raw_cuts[1:])
        return g_coef, tail


class Rprop:
    up, down, lo, hi = 1.2, 0.5, 1e-6, 1.0

    def __init__(self, arrays, start=0.05):
        self.arrays = arrays
        self.delta = [np.full_like(a, start) for a in arrays]
        self.prev = [np.zeros_like(a) for a in arrays]

    def step(self, grads):
        for a, d, q, g in zip(self.arrays, self.delta, self.prev, grads):
            s = g * q
            d[s > 0] = np.minimum(d[s > 0] * self.up, self.hi)
            d[s < 0] = np.maximum(d[s < 0] * self.down, self.lo)
            g = np.where(s < 0, 0.0, g)          # iRprop-
            a -= np.sign(g) * d
            q[:] = g


rng = np.random.default_rng(14)
X = rng.normal(size=(400, 4))
latent = X @ np.array([1.0, -0.5, 2.0, 0.0]) + rng.logistic(size=400)
y = np.digitize(latent, [-2.5, -0.5, 0.5, 2.0])

model = ProportionalOdds(4, 5)
opt = Rprop([model.coef, model.raw_cuts])
for epoch in range(60):
    grads = model.gradient(X, y)
    opt.step(grads)
    if epoch % 15 == 0:
        print(epoch, round(model.negloglik(X, y), 5))
print("coef", model.coef.round(2), "cuts", model.cuts.round(2))
