"""A residual block with layer norm in front, whose backward pass forgets the way around the block."""

import numpy as np

rng = np.random.default_rng(8)
n, d = 24, 6
tokens = rng.integers(0, 5, n)
target = np.eye(4)[(tokens * 3 + 1) % 4]
w = {
    "emb": rng.normal(0, 0.5, (5, d)),
    "gain": np.ones(d),
    "shift": np.zeros(d),
    "up": rng.normal(0, 0.5, (d, d)),
    "out": rng.normal(0, 0.5, (d, 4)),
}


def norm(x, gain, shift):
    inv = 1 / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    hat = (x - x.mean(-1, keepdims=True)) * inv
    return hat * gain + shift, (hat, inv, gain)


def norm_back(d_out, kept):
    hat, inv, gain = kept
    d_hat = d_out * gain
    dx = inv * (d_hat - d_hat.mean(-1, keepdims=True) - hat * (d_hat * hat).mean(-1, keepdims=True))
    return dx, (d_out * hat).sum(0), d_out.sum(0)


for step in range(60):
    x = w["emb"][tokens]
    a, kept = norm(x, w["gain"], w["shift"])
    h = np.tanh(a @ w["up"])
    y = x + h
    z = y @ w["out"]
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    loss = -np.mean(np.sum(target * np.log(p), axis=1))
    g = {}
    dz = (p - target) / n
    g["out"] = y.T @ dz
    dy = dz @ w["out"].T
    dpre = dy * (1 - h * h)
    g["up"] = a.T @ dpre
    dx, g["gain"], g["shift"] = norm_back(dpre @ w["up"].T, kept)
    g["emb"] = np.zeros_like(w["emb"])
    np.add.at(g["emb"], tokens, dx)
    for name in w:
        w[name] = w[name] - 0.3 * g[name]
    print(step, loss)
