import numpy as np

rng = np.random.default_rng(162)
x = rng.uniform(-2, 2, (2, 64))
y = x[:1] * np.exp(-x[:1] ** 2 - x[1:] ** 2)
p = {"W1": rng.normal(size=(10, 2)), "b1": rng.normal(size=(10, 1)), "W2": rng.normal(size=(1, 10)) * 0.3}


def huber(r, width=0.5):
    a = np.abs(r)
    return np.where(a <= width, 0.5 * r * r, width * (a - 0.5 * width))


for it in range(60):
    h = np.tanh(p["W1"] @ x + p["b1"])
    r = p["W2"] @ h - y
    loss = np.mean(huber(r))
    g = np.clip(r, -0.1, 0.1) / r.size  # expect: gradient-mismatch
    gh = p["W2"].T @ g * (1 - h * h)
    grads = {"W1": gh @ x.T, "b1": gh.sum(axis=1, keepdims=True), "W2": g @ h.T}
    for k, v in grads.items():
        p[k] = p[k] - 0.2 * v
    if it % 20 == 0:
        print(it, loss)
