"""Four optimisers side by side on one problem: Nesterov, Adagrad, Adam with the efficient correction, AMSGrad."""

import numpy as np


def nesterov(p, g, s, t, rate=0.05, mu=0.9):
    before = s.setdefault("v", np.zeros_like(p))
    s["v"] = mu * before - rate * g
    return p - mu * before + (1 + mu) * s["v"]


def adagrad(p, g, s, t, rate=0.1):
    s["h"] = s.get("h", 0) + g * g
    return p - rate * g / (np.sqrt(s["h"]) + 1e-8)


def adam(p, g, s, t, rate=0.01, b1=0.9, b2=0.999):
    if t == 1:
        s["m"], s["v"] = np.zeros_like(p), np.zeros_like(p)
    s["m"] += (1 - b1) * (g - s["m"])
    s["v"] += (1 - b2) * (g * g - s["v"])
    return p - rate * np.sqrt(1 - b2 ** t) / (1 - b1 ** t) * s["m"] / (np.sqrt(s["v"]) + 1e-8)


def amsgrad(p, g, s, t, rate=0.01):
    s["m"] = 0.9 * s.get("m", np.zeros_like(p)) + 0.1 * g
    s["v"] = 0.99 * s.get("v", np.zeros_like(p)) + 0.01 * g ** 2
    s["top"] = np.maximum(s.get("top", np.zeros_like(p)), s["v"])
    return p - rate * s["m"] / (np.sqrt(s["top"]) + 1e-8)


def gradients(p, x, y):
    a = np.tanh(x @ p[0] + p[1])
    miss = a @ p[2] + p[3] - y
    d = 2 * miss / miss.size
    da = d @ p[2].T * (1 - a * a)
    return np.mean(miss ** 2), [x.T @ da, da.sum(0), a.T @ d, d.sum(0)]


for rule in (nesterov, adagrad, adam, amsgrad):
    rng = np.random.default_rng(8)
    x = rng.normal(size=(70, 4))
    y = np.sin(x[:, :2]) + x[:, 2:]
    params = [rng.normal(size=(4, 9)) * 0.5, np.zeros(9), rng.normal(size=(9, 2)) * 0.5, np.zeros(2)]
    states = [{} for _ in params]
    for t in range(1, 121):
        loss, grads = gradients(params, x, y)
        params = [rule(p, g, s, t) for p, g, s in zip(params, grads, states)]
    print(rule.__name__, loss)
