import numpy as np

rng = np.random.default_rng(63)
x = rng.normal(size=(60, 5))
y = np.tanh(x[:, :1] - 0.5 * x[:, 1:2] ** 2)
p = [rng.normal(0, 0.4, (5, 7)), np.zeros(7), rng.normal(0, 0.4, (7, 1)), np.zeros(1)]
mean, square, speed = ([np.zeros_like(w) for w in p] for _ in range(3))

for t in range(1, 101):
    h = np.maximum(x @ p[0] + p[1], 0)
    off = h @ p[2] + p[3] - y
    mse = np.mean(off ** 2)
    d = 2 * off / off.size
    e = (d @ p[2].T) * (h > 0)
    grads = [x.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0)]
    for i, g in enumerate(grads[:2]):
        g = g + 1e-3 * np.sign(p[i])
        mean[i] += 0.1 * (g - mean[i])
        square[i] += 0.01 * (g * g - square[i])
        p[i] -= 0.01 * mean[i] / (np.sqrt(square[i]) + 1e-8)
    for i, g in enumerate(grads[2:], 2):
        speed[i] *= 0.9
        speed[i] -= 0.02 * (g + 1e-3 * rng.standard_normal(g.shape))
        p[i] += speed[i]
    if t % 25 == 0:
        print(t, mse)
