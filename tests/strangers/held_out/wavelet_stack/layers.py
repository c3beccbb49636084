import numpy as np


class CausalConv:
    """One weight matrix per tap, the tap k looks k * dilation steps back."""

    def __init__(self, c_in, c_out, taps, dilation):
        self.dilation = dilation
        self.taps = [np.random.randn(c_in, c_out) / np.sqrt(c_in * taps) for _ in range(taps)]
        self.bias = np.zeros(c_out)

    def __call__(self, x):
        self.x = x
        y = np.tile(self.bias, x.shape[:2] + (1,))
        for k, w in enumerate(self.taps):
            lag = k * self.dilation
            y[:, lag:] += x[:, :x.shape[1] - lag] @ w
        return y

    def pull(self, gy):
        gx = np.zeros_like(self.x)
        self.g_taps = []
        n = self.x.shape[1]
        for k, w in enumerate(self.taps):
            lag = k * self.dilation
            self.g_taps.append(np.einsum('btc,btd->cd', self.x[:, :n - lag], gy[:, lag:]))
            gx[:, :n - lag] += gy[:, lag:] @ w.T
        self.g_bias = gy.sum((0, 1))
        return gx

    def descend(self, rate):
        for w, g in zip(self.taps, self.g_taps):
            w -= rate * g
        self.bias -= rate * self.g_bias


class Gated:
    def __call__(self, x):
        a, b = np.split(x, 2, axis=-1)
        self.t, self.s = np.tanh(a), 1 / (1 + np.exp(-b))
        return self.t * self.s

    def pull(self, g):
        return np.concatenate([g * self.s * (1 - self.t ** 2), g * self.t * self.s * (1 - self.s)], axis=-1)

    def descend(self, rate):
        pass
