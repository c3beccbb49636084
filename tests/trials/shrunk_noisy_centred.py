import numpy as np

rng = np.random.default_rng(62)
x = rng.normal(size=(6, 70))
t = np.sin(x[:1]) + x[1:2] * x[2:3]
p = {"A": rng.normal(0, 0.4, (9, 6)), "a": np.zeros((9, 1)), "B": rng.normal(0, 0.4, (1, 9)), "b": np.zeros((1, 1))}
q = {"A": rng.normal(0, 0.4, (9, 6)), "a": np.zeros((9, 1)), "B": rng.normal(0, 0.4, (1, 9)), "b": np.zeros((1, 1))}
r = {"A": rng.normal(0, 0.4, (4, 6)), "a": np.zeros((4, 1)), "B": rng.normal(0, 0.4, (1, 4)), "b": np.zeros((1, 1))}


def step(net):
    h = np.tanh(net["A"] @ x + net["a"])
    off = net["B"] @ h + net["b"] - t
    loss = np.mean(off ** 2)
    d = 2 * off / x.shape[1]
    e = net["B"].T @ d * (1 - h ** 2)
    return loss, {"A": e @ x.T, "a": e.sum(axis=1, keepdims=True), "B": d @ h.T, "b": d.sum(axis=1, keepdims=True)}


for turn in range(60):
    loss, grads = step(p)
    for k in p:
        p[k] -= 0.05 * (grads[k] + 0.01 * rng.normal(size=p[k].shape))
print(loss)
for turn in range(60):
    loss, grads = step(r)
    for k in r:
        if k in "AB":
            r[k] *= 1 - 1e-3
        r[k] -= 0.05 * grads[k]
print(loss)
for turn in range(60):
    loss, grads = step(q)
    for k in q:
        g = grads[k]
        if g.shape[1] > 1:
            g = g - g.mean(axis=1, keepdims=True)
        q[k] -= 0.05 * g
print(loss)
