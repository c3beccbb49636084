import numpy as np

rng = np.random.default_rng(3)
x = np.sort(rng.uniform(-2, 2, 20))
y = np.sin(2 * x)
centres = np.linspace(-2, 2, 20)  # as many as there are samples
w = rng.normal(size=20) * 0.1

for step in range(30):  # distances of all samples to all centres, which are trained too
    gap = x[:, None] - centres
    basis = np.exp(-gap ** 2)
    error = basis @ w - y
    loss = np.mean(error ** 2)
    d = 2 * error / 20
    dbasis = d[:, None] * w
    dw = basis.T @ d
    dcentres = np.sum(dbasis * basis * 2 * gap, axis=0)
    w -= 0.05 * dw
    centres -= 0.05 * dcentres
print(loss)

items = rng.normal(size=(12, 3))
v = rng.normal(size=(3, 1)) * 0.3
better = np.triu(np.ones((12, 12)), 1)
for step in range(30):  # a ranking: all pairs of scores are meant
    s = items @ v
    gaps = s - s.T
    loss = np.sum(better * np.log(1 + np.exp(-gaps)))
    g = -better / (1 + np.exp(gaps))
    v -= 0.01 * items.T @ (g.sum(axis=1) - g.sum(axis=0))[:, None]
print(loss)
