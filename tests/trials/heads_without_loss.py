"""Actor and critic on one trunk; neither their losses nor a sum of them is ever computed."""

import numpy as np

rng = np.random.default_rng(3)
s = rng.normal(size=(50, 6))
trunk, pi, val = rng.normal(0, 0.4, (6, 9)), rng.normal(0, 0.4, (9, 3)), rng.normal(0, 0.4, 9)
rate = 0.05

for it in range(40):
    h = np.tanh(s @ trunk)
    z = h @ pi
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    a = np.array([rng.choice(3, p=row) for row in p])
    back = (a == np.argmax(s[:, :3], axis=1)) + 0.1 * rng.normal(size=50)
    v = h @ val
    adv = back - v
    dz = p * adv[:, None]
    dz[np.arange(50), a] -= adv
    dz /= 50
    dv = 0.5 * (v - back) / 50
    dh = (dz @ pi.T + np.outer(dv, val)) * (1 - h * h)
    trunk -= rate * s.T @ dh
    pi -= rate * h.T @ dz
    val -= rate * h.T @ dv
    print(it, back.mean())
