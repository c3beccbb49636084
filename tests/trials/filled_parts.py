"""Coupling layers that fill their output part by part; the likelihood is only computed before and after, of other points."""

import numpy as np

rng = np.random.default_rng(7)
LAYERS, HID = 3, 6
theta = []
for _ in range(LAYERS):
    theta += [rng.normal(size=(1, HID)), rng.normal(0, 0.3, (HID, 1)), rng.normal(0, 0.3, (HID, 1))]


def points(n):
    a = rng.uniform(0, np.pi, n)
    return np.stack([np.cos(a), np.sin(a)], 1) + rng.normal(0, 0.1, (n, 2))


def to_latent(x):
    log_det, kept = np.zeros(len(x)), []
    for k in range(LAYERS):
        U, P, Q = theta[3 * k : 3 * k + 3]
        keep, move = k % 2, 1 - k % 2
        c, v = x[:, [keep]], x[:, [move]]
        h = np.tanh(c @ U)
        s = np.tanh(h @ P)
        kept.append((c, v, h, s))
        log_det = log_det + s[:, 0]
        x = np.empty_like(x)
        x[:, [keep]], x[:, [move]] = c, v * np.exp(s) + h @ Q
    return x, log_det, kept


def nll(x):
    z, log_det, _ = to_latent(x)
    return np.mean(0.5 * (z**2).sum(1) + np.log(2 * np.pi) - log_det)


def gradients(x):
    z, _, kept = to_latent(x)
    dx, grads = z / len(x), [None] * len(theta)
    for k in range(LAYERS - 1, -1, -1):
        U, P, Q = theta[3 * k : 3 * k + 3]
        c, v, h, s = kept[k]
        keep, move = k % 2, 1 - k % 2
        d_new = dx[:, [move]]
        ds = (d_new * v * np.exp(s) - 1 / len(x)) * (1 - s * s)
        dh = (ds @ P.T + d_new @ Q.T) * (1 - h * h)
        grads[3 * k : 3 * k + 3] = [c.T @ dh, h.T @ ds, h.T @ d_new]
        below = np.empty_like(dx)
        below[:, [keep]], below[:, [move]] = dx[:, [keep]] + dh @ U.T, d_new * np.exp(s)
        dx = below
    return grads


print("before", nll(points(200)))
for step in range(40):
    for i, g in enumerate(gradients(points(64))):
        theta[i] -= 0.02 * g
print("after", nll(points(200)))
