"""LAMB whose norms are written as roots of sums."""

import numpy as np

rng = np.random.default_rng(9)
x = rng.normal(size=(50, 4))
y = np.sin(x.sum(1, keepdims=True))
params = {"W": rng.normal(0, 0.5, (4, 8)), "b": np.full(8, 0.1), "V": rng.normal(0, 0.5, (8, 1))}
first = {k: np.zeros_like(v) for k, v in params.items()}
second = {k: np.zeros_like(v) for k, v in params.items()}

for t in range(1, 61):
    a = x @ params["W"] + params["b"]
    h = np.maximum(a, 0.1 * a)
    e = h @ params["V"] - y
    loss = np.mean(e**2)
    d = 2 * e / len(x)
    da = d @ params["V"].T * np.where(a > 0, 1.0, 0.1)
    grad = {"W": x.T @ da, "b": da.sum(0), "V": h.T @ d}
    for k in params:
        first[k] = 0.9 * first[k] + 0.1 * grad[k]
        second[k] = 0.999 * second[k] + 0.001 * grad[k] ** 2
        r = (first[k] / (1 - 0.9**t)) / (np.sqrt(second[k] / (1 - 0.999**t)) + 1e-6)
        size, step = np.sqrt(np.sum(params[k] ** 2)), np.sqrt(np.sum(r**2))
        trust = size / step if size > 0 and step > 0 else 1.0
        params[k] = params[k] - 0.01 * trust * r
    print(t, loss)
