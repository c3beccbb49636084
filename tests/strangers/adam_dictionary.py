import numpy as np
from math import pi, sqrt

rs = np.random.RandomState(3)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3)))


def dgelu(x):
    u = sqrt(2 / pi) * (x + 0.044715 * x ** 3)
    t = np.tanh(u)
    du = sqrt(2 / pi) * (1 + 3 * 0.044715 * x ** 2)
    return 0.5 * (1 + t) + 0.5 * x * (1 - t ** 2) * du


def init(sizes):
    p = {}
    for k, (i, o) in enumerate(zip(sizes, sizes[1:]), start=1):
        p[f"W{k}"] = rs.normal(0, (2 / i) ** 0.5, (i, o))
        p[f"b{k}"] = rs.normal(0, 0.01, o)
    return p


def forward(p, x):
    z1 = x @ p["W1"] + p["b1"]
    h1 = gelu(z1)
    z2 = h1 @ p["W2"] + p["b2"]
    h2 = gelu(z2)
    logit = h2 @ p["W3"] + p["b3"]
    prob = 1 / (1 + np.exp(-logit))
    return prob, (x, z1, h1, z2, h2)


def bce(prob, t):
    return -np.mean(t * np.log(prob + 1e-12) + (1 - t) * np.log(1 - prob + 1e-12))


def backward(p, prob, t, cache):
    x, z1, h1, z2, h2 = cache
    g = {}
    d3 = (prob - t) / t.size
    g["W3"], g["b3"] = h2.T @ d3, d3.sum(0)
    d2 = (d3 @ p["W3"].T) * dgelu(z2)
    g["W2"], g["b2"] = h1.T @ d2, d2.sum(0)
    d1 = (d2 @ p["W2"].T) * dgelu(z1)
    g["W1"], g["b1"] = x.T @ d1, d1.sum(0)
    return g


X = rs.randn(200, 4)
T = ((X[:, 0] * X[:, 1] + X[:, 2]) > 0).astype(float).reshape(-1, 1)

params = init([4, 10, 6, 1])
m = {k: np.zeros_like(v) for k, v in params.items()}
v = {k: np.zeros_like(v) for k, v in params.items()}
lr, beta1, beta2, eps = 0.01, 0.9, 0.999, 1e-8

step = 0
for epoch in range(20):
    perm = rs.permutation(len(X))
    for s in range(0, len(X), 25):
        xb, tb = X[perm[s:s + 25]], T[perm[s:s + 25]]
        prob, cache = forward(params, xb)
        grads = backward(params, prob, tb, cache)
        step += 1
        for k in params:
            m[k] = beta1 * m[k] + (1 - beta1) * grads[k]
            v[k] = beta2 * v[k] + (1 - beta2) * grads[k] ** 2
            mhat = m[k] / (1 - beta1 ** step)
            vhat = v[k] / (1 - beta2 ** step)
            params[k] -= lr * mhat / (np.sqrt(vhat) + eps)
    prob, _ = forward(params, X)
    print(epoch, "loss", round(bce(prob, T), 4), "acc", ((prob > 0.5) == T).mean())
