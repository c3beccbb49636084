"""A temperature in an array of one number, and Adam whose moments are moved towards what comes in."""

import numpy as np


class Param:
    def __init__(self, value):
        self.value, self.grad = value, np.zeros_like(value)


rng = np.random.default_rng(6)
x = rng.normal(size=(40, 5))
labels = np.argmax(x @ rng.normal(size=(5, 4)), axis=1)
weights, log_scale = Param(rng.normal(0, 0.5, (5, 4))), Param(np.array([np.log(3.0)]))
params = [weights, log_scale]
moments = [(np.zeros_like(p.value), np.zeros_like(p.value)) for p in params]

for step in range(40):
    for p in params:
        p.grad.fill(0.0)
    k = np.exp(log_scale.value[0])
    s = x @ weights.value
    z = k * s
    z = z - z.max(1, keepdims=True)
    q = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    loss = -np.mean(np.log(q[np.arange(40), labels]))
    d = q.copy()
    d[np.arange(40), labels] -= 1
    d /= 40
    log_scale.grad += k * (d * s).sum()
    weights.grad += k * x.T @ d
    for p, (m, v) in zip(params, moments):
        m += 0.1 * (p.grad - m)
        v += 0.02 * (p.grad**2 - v)
        p.value -= 0.01 * (m / (1 - 0.9 ** (step + 1))) / (np.sqrt(v / (1 - 0.98 ** (step + 1))) + 1e-8)
    print(step, loss)
