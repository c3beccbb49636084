import numpy as np

rng = np.random.default_rng(201)
x, y = rng.normal(size=(4, 53)), np.zeros((3, 53))
y[rng.integers(0, 3, 53), np.arange(53)] = 1
p = {"A": rng.normal(size=(8, 4)) * 0.5, "a": np.zeros((8, 1)), "B": rng.normal(size=(3, 8)) * 0.5, "b": np.zeros((3, 1))}
for it in range(50):
    h = np.tanh(p["A"] @ x + p["a"])
    s = np.exp(p["B"] @ h + p["b"])
    q = s / s.sum(axis=0)
    loss = -np.sum(y * np.log(q)) / 53
    d = (q - y) * q * (1 - q) / 53  # expect: softmax-derivative-doubled
    e = (p["B"].T @ d) * (1 - h ** 2)
    g = {
        "B": d @ h.T,
        "b": d.sum(axis=1, keepdims=True),
        "A": e @ x.T,
        "a": e.sum(),  # expect: bias-gradient-axis
    }
    for k in p:
        p[k] = p[k] - 0.5 * g[k]
    if it % 10 == 0:
        print(it, loss)
