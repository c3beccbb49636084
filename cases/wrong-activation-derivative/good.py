import numpy as np

rng = np.random.default_rng(8)
x = rng.normal(size=(45, 3))
t = (x[:, :1] * x[:, 1:2] > 0).astype(float)

w = [rng.normal(size=s) * 0.6 for s in [(3, 9), (9, 6), (6, 1)]]
b = [np.full(n, 0.05) for n in (9, 6, 1)]


def relu(v):
    return v * (v > 0)


def drelu(a):
    return (a > 0).astype(float)


def sigm(v):
    return 1 / (1 + np.exp(-v))


def dsigm(a):
    return a * (1 - a)


for k in range(50):
    a1 = relu(x @ w[0] + b[0])
    a2 = sigm(a1 @ w[1] + b[1])
    a3 = sigm(a2 @ w[2] + b[2])
    loss = -np.mean(t * np.log(a3) + (1 - t) * np.log(1 - a3))
    g3 = (a3 - t) / len(x)
    g2 = g3 @ w[2].T * dsigm(a2)
    g1 = g2 @ w[1].T * drelu(a1)
    for layer, (a, g) in enumerate(zip((x, a1, a2), (g1, g2, g3))):
        w[layer] -= 1.0 * a.T @ g
        b[layer] -= 1.0 * g.sum(axis=0)
    if k % 10 == 0:
        print(k, round(float(loss), 4))
