import numpy as np

rng = np.random.default_rng(121)
x = rng.normal(size=(5, 62))
y = np.where(x[:1] > 0, x[1:2], -x[2:3])
p = {
    "gate": rng.normal(size=(6, 5)) * 0.5, "left": rng.normal(size=(6, 5)) * 0.5,
    "right": rng.normal(size=(6, 5)) * 0.5, "out": rng.normal(size=(1, 6)) * 0.5,
}
for it in range(60):
    g = 1 / (1 + np.exp(-p["gate"] @ x))
    u = np.tanh(p["left"] @ x)
    v = np.tanh(p["right"] @ x)
    h = g * u + (1 - g) * v
    e = p["out"] @ h - y
    cost = np.sum(e ** 2) / (2 * x.shape[1])

    e = e / x.shape[1]
    dh = p["out"].T @ e
    dg = dh * u + dh * v  # expect: missing-term
    grads = {
        "out": e @ h.T,
        "gate": (dg * g * (1 - g)) @ x.T,
        "left": (dh * g * (1 - u ** 2)) @ x.T,
        "right": (dh * (1 - g) * (1 - v ** 2)) @ x.T,
    }
    for k in p:
        p[k] -= 0.3 * grads[k]
    if it % 20 == 0:
        print(it, cost)
