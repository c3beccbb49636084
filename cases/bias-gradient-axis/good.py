import numpy as np

np.random.seed(92)
x = np.random.randn(40, 3)
y = np.cos(x[:, :1])
w = np.random.randn(3, 7) * 0.5
offset = 0.1
u = np.random.randn(7, 1) * 0.5
base = 0.0
for i in range(60):
    h = np.tanh(x @ w + offset)
    e = h @ u + base - y
    loss = np.mean(e * e)
    d = 2 * e / len(x)
    dz = d @ u.T * (1 - h * h)
    u -= 0.05 * h.T @ d
    base -= 0.05 * d.sum()
    w -= 0.05 * x.T @ dz
    offset -= 0.05 * dz.sum()
    if i % 20 == 0:
        print(i, loss)
