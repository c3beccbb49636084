import numpy as np

rng = np.random.default_rng(2024)
f4 = np.float32
n, d = 96, 5
X = rng.standard_normal((n, d)).astype(f4)
coef = rng.standard_normal((d, 2)).astype(f4)
Y = (np.tanh(X @ coef) * 2 + 0.1 * rng.standard_normal((n, 2))).astype(np.float32)
Y[::9] += f4(5)                     # outliers

W1 = (rng.standard_normal((d, 14)) / np.sqrt(d)).astype(np.float32)
b1 = np.zeros(14, dtype=np.float32)
W2 = (rng.standard_normal((14, 2)) / np.sqrt(14)).astype(np.float32)
b2 = np.zeros(2, dtype=np.float32)
params = [W1, b1, W2, b2]
velocity = [np.zeros_like(p) for p in params]
delta, mu, lr = f4(1.0), f4(0.9), f4(0.02)


def huber(r):
    small = np.abs(r) <= delta
    return np.where(small, f4(0.5) * r * r, delta * (np.abs(r) - f4(0.5) * delta))


for epoch in range(12):
    for k in range(0, n, 24):
        x, t = X[k:k + 24], Y[k:k + 24]
        z = x @ W1 + b1
        a = np.maximum(z, f4(0.1) * z)
        r = a @ W2 + b2 - t
        loss = huber(r).mean()

        g = np.clip(r, -delta, delta) / f4(r.size)
        gz = (g @ W2.T) * np.where(z > 0, f4(1), f4(0.1))
        grads = [x.T @ gz, gz.sum(axis=0), a.T @ g, g.sum(axis=0)]
        for p, v, grad in zip(params, velocity, grads):
            v *= mu
            v -= lr * grad
            p += v
    print(f"{epoch:2d} {loss:.4f} {loss.dtype}")
