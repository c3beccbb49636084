"""Adadelta on a regression with a penalty: its running sizes meet the weights through the decay."""

import numpy as np

rng = np.random.default_rng(7)
x = rng.normal(size=(60, 5))
y = (x @ rng.normal(size=(5, 3))).argmax(1)
model = {"W": np.zeros((5, 3)), "b": np.zeros(3)}
eg = {k: np.zeros_like(v) for k, v in model.items()}
ed = {k: np.zeros_like(v) for k, v in model.items()}


def objective(m, rows):
    z = x[rows] @ m["W"] + m["b"]
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    d = p.copy()
    d[np.arange(len(rows)), y[rows]] -= 1
    d /= len(rows)
    nll = -np.log(p[np.arange(len(rows)), y[rows]]).mean() + 0.05 * (m["W"] ** 2).sum()
    return nll, {"W": x[rows].T @ d + 0.1 * m["W"], "b": d.sum(0)}


for epoch in range(20):
    for rows in np.split(rng.permutation(60), 4):
        nll, grads = objective(model, rows)
        for k, g in grads.items():
            eg[k] = 0.9 * eg[k] + 0.1 * g * g
            delta = -np.sqrt(ed[k] + 1e-4) / np.sqrt(eg[k] + 1e-4) * g
            ed[k] = 0.9 * ed[k] + 0.1 * delta * delta
            model[k] += delta
    print(epoch, nll)
