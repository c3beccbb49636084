import numpy as np


class RmsProp:
    def __init__(self, rate, rho=0.95):
        self.rate, self.rho, self.cache = rate, rho, {}

    def apply(self, layer):
        for name in ("weight", "bias"):
            g = getattr(layer, "d_" + name)
            key = (id(layer), name)
            old = self.cache.get(key, np.zeros_like(g))
            self.cache[key] = self.rho * old + (1 - self.rho ** 2) * g * g  # expect: optimizer-state
            setattr(layer, name, getattr(layer, name) - self.rate * g / (np.sqrt(self.cache[key]) + 1e-7))


class Affine:
    def __init__(self, fan_in, fan_out, rng):
        self.weight = rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_in)
        self.bias = np.zeros((1, fan_out))

    def __call__(self, x):
        self.x = x
        return x @ self.weight + self.bias

    def back(self, g):
        self.d_weight = self.x.T @ g
        self.d_bias = g.sum(0, keepdims=True)
        return g @ self.weight.T


rng = np.random.default_rng(12)
points = rng.uniform(-2, 2, (120, 2))
labels = (points[:, 0] * points[:, 1] > 0).astype(int) + (points[:, 0] > 1)
first, second = Affine(2, 32, rng), Affine(32, 3, rng)
optimiser = RmsProp(0.005)
for epoch in range(120):
    for rows in np.array_split(rng.permutation(120), 4):
        z = first(points[rows])
        a = np.maximum(z, 0)
        scores = second(a)
        p = np.exp(scores - scores.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        loss = -np.log(p[np.arange(len(rows)), labels[rows]]).mean()
        d = p.copy()
        d[np.arange(len(rows)), labels[rows]] -= 1
        g = second.back(d / len(rows))
        first.back(g * (z > 0))
        optimiser.apply(second)
        optimiser.apply(first)
    if epoch % 40 == 0:
        print(epoch, loss)
