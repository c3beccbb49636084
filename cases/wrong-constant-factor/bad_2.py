import numpy as np


def predict(p, x):
    h = np.tanh(p["w_h"] @ x + p["b_h"])
    return h, p["w_o"] @ h + p["b_o"]


def objective(p, x, y):
    return np.mean(np.sum((predict(p, x)[1] - y) ** 2, axis=0))


def gradients(p, x, y):
    m = x.shape[1]
    h, out = predict(p, x)
    e = 2.0 / m * (out - y)
    eh = (p["w_o"].T @ e) * (1 - h ** 2)
    return {
        "w_o": e @ h.T,
        "b_o": 0.5 * e.sum(axis=1, keepdims=True),  # expect: wrong-constant-factor
        "w_h": eh @ x.T,
        "b_h": eh.sum(axis=1, keepdims=True),
    }


rng = np.random.default_rng(12)
x = rng.uniform(-1, 1, (2, 37))
y = np.vstack([x[0] * x[1], x[0] - x[1], np.abs(x[0])])
p = {
    "w_h": rng.normal(size=(8, 2)), "b_h": rng.normal(size=(8, 1)) * 0.1,
    "w_o": rng.normal(size=(3, 8)) * 0.3, "b_o": np.zeros((3, 1)),
}
for i in range(60):
    if i % 15 == 0:
        print(i, objective(p, x, y))
    g = gradients(p, x, y)
    p = {k: p[k] - 0.05 * g[k] for k in p}
