"""Actor and critic on one trunk; neither their losses nor a sum of them is ever computed."""

import numpy as np

rng = np.random.default_rng(3)
s = rng.normal(size=(50, 6))
trunk, pi, val, base = rng.normal(0, 0.4, (6, 9)), rng.normal(0, 0.4, (9, 3)), rng.normal(0, 0.4, 9), np.zeros(())
w = {"trunk": trunk, "pi": pi, "val": val, "base": base}
size = {k: np.zeros_like(v) for k, v in w.items()}

for it in range(40):
    h = np.tanh(s @ w["trunk"])
    z = h @ w["pi"]
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    a = np.array([rng.choice(3, p=row) for row in p])
    back = (a == np.argmax(s[:, :3], axis=1)) + 0.1 * rng.normal(size=50)
    v = h @ w["val"] + w["base"]
    adv = back - v
    dz = p * adv[:, None]
    dz[np.arange(50), a] -= adv
    dz /= 50
    dv = 0.5 * (v - back) / 50
    dh = (dz @ w["pi"].T + np.outer(dv, w["val"])) * (1 - h * h)
    g = {"trunk": s.T @ dh, "pi": h.T @ dz, "val": h.T @ dv, "base": dv.sum()}
    for k in w:
        size[k] = 0.9 * size[k] + 0.1 * g[k] ** 2
        w[k] = w[k] - 0.02 * g[k] / np.sqrt(size[k] + 1e-5)
    print(it, back.mean())
