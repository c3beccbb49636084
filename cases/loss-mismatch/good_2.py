import numpy as np

rng = np.random.default_rng(144)
x = rng.normal(size=(50, 3))
y = np.clip(x[:, :2] * x[:, 1:], -1, 1)
L, R = rng.normal(size=(3, 12)) * 0.5, rng.normal(size=(12, 2)) * 0.5
for epoch in range(50):
    h = np.tanh(x @ L)
    o = h @ R
    mse = np.sum((y - o) ** 2) / y.size
    d = o - y
    gR, gL = h.T @ d, x.T @ (d @ R.T * (1 - h ** 2))
    R -= 0.005 * gR
    L -= 0.005 * gL
    if epoch % 10 == 0:
        print(epoch, mse)
