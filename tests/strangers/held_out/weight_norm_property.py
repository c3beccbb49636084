import numpy as np


class WeightNormDense:
    def __init__(self, rng, n_in, n_out):
        self._v = rng.normal(0, 0.05, (n_in, n_out))
        self._g = np.ones(n_out)
        self._b = np.zeros(n_out)

    @property
    def norm(self):
        return np.linalg.norm(self._v, axis=0)

    @property
    def kernel(self):
        return self._v * (self._g / self.norm)

    def __matmul__(self, x):
        self._x = x
        return x @ self.kernel + self._b

    def backprop(self, d):
        dk = self._x.T @ d
        self.d_b = d.sum(0)
        self.d_g = (dk * self._v).sum(0) / self.norm
        self.d_v = dk * self._g / self.norm - self._v * (self._g * self.d_g / self.norm ** 2)
        return d @ self.kernel.T

    def step(self, eta):
        self._v -= eta * self.d_v
        self._g -= eta * self.d_g
        self._b -= eta * self.d_b


def mish(x):
    return x * np.tanh(np.logaddexp(0, x))


def mish_slope(x):
    t = np.tanh(np.logaddexp(0, x))
    return t + x * (1 - t * t) / (1 + np.exp(-x))


def main(seed=15):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (84, 4))
    Y = np.c_[X[:, 0] * X[:, 1], np.maximum(X[:, 2], X[:, 3]), X.sum(1)]
    one, two = WeightNormDense(rng, 4, 17), WeightNormDense(rng, 17, 3)
    rmse = []
    for epoch in range(40):
        for lo in range(0, 84, 28):
            x, y = X[lo:lo + 28], Y[lo:lo + 28]
            z = one @ x
            out = two @ mish(z)
            gap = out - y
            d = two.backprop(gap / len(x))
            one.backprop(d * mish_slope(z))
            two.step(0.1)
            one.step(0.1)
        rmse.append(float(np.sqrt(np.mean((two @ mish(one @ X) - Y) ** 2))))
        X, Y = X[::-1], Y[::-1]
    print("rmse by epoch:", " ".join("%.3f" % v for v in rmse[::8]))


if __name__ == "__main__":
    main()
