import numpy as np

rng = np.random.default_rng(19)
x = rng.normal(size=(3, 27))
y = np.maximum(x[:1], x[1:2])

w = [rng.normal(size=(8, 3)) * 0.5, rng.normal(size=(8, 8)) * 0.3, rng.normal(size=(1, 8)) * 0.4]
for epoch in range(40):
    a = [x]
    for k, m in enumerate(w):
        z = m @ a[-1]
        a.append(np.tanh(z) if k < 2 else z)
    loss = np.sum((a[-1] - y) ** 2) / (2 * x.shape[1])
    d = (a[-1] - y) / x.shape[1]
    for k in (2, 1, 0):
        below = w[k].T @ d * (1 - a[k] ** 2) if k else None
        w[k] = w[k] - 0.2 * d @ a[k].T
        d = below
    if epoch % 10 == 0:
        print(epoch, loss)
