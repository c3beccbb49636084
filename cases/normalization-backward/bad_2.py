import numpy as np


class Dense:
    def __init__(self, n_in, n_out, rng):
        self.w = rng.standard_normal((n_in, n_out)) / np.sqrt(n_in)
        self.b = np.zeros(n_out)
        self.params = [self.w, self.b]

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, g):
        self.grads = [self.x.T @ g, g.sum(axis=0)]
        return g @ self.w.T


class LayerNorm:
    def __init__(self, n, eps=1e-5):
        self.gain, self.bias, self.eps = np.ones(n), np.zeros(n), eps
        self.params = [self.gain, self.bias]

    def forward(self, x):
        self.inv = 1 / np.sqrt(x.var(axis=-1, keepdims=True) + self.eps)
        self.xhat = (x - x.mean(axis=-1, keepdims=True)) * self.inv
        return self.gain * self.xhat + self.bias

    def backward(self, g):
        self.grads = [(g * self.xhat).sum(axis=0), g.sum(axis=0)]
        g = g * self.gain
        return self.inv * (g - g.mean(axis=-1, keepdims=True))  # expect: normalization-backward


class Tanh:
    params = grads = []

    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, g):
        return g * (1 - self.y ** 2)


rng = np.random.default_rng(321)
x = rng.standard_normal((47, 6))
t = np.eye(3)[np.argmax(x[:, :3] + x[:, 3:], axis=1)]
layers = [Dense(6, 8, rng), LayerNorm(8), Tanh(), Dense(8, 3, rng)]
for step in range(60):
    out = x
    for layer in layers:
        out = layer.forward(out)
    p = np.exp(out - out.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.mean(np.sum(t * np.log(p), axis=1))
    g = (p - t) / len(x)
    for layer in reversed(layers):
        g = layer.backward(g)
    for layer in layers:
        for param, grad in zip(layer.params, layer.grads):
            param -= 0.3 * grad
    if step % 20 == 0:
        print(step, loss)
