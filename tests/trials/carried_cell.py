"""An LSTM that is unrolled over pieces of a text; state and cell are carried on from piece to piece."""

import numpy as np

rng = np.random.default_rng(1)
text = np.array([0, 1, 2, 3, 1, 0, 2, 2, 3] * 30)
V, H, T = 4, 5, 6
params = [rng.normal(0, 0.3, (V, 4 * H)), rng.normal(0, 0.3, (H, 4 * H)), rng.normal(0, 0.3, (H, V))]


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def run(inputs, targets, h, c):
    Wx, Wh, Wy = params
    steps, nll = [], 0.0
    for x, y in zip(inputs, targets):
        a = Wx[x] + h @ Wh
        i, f, o, g = sigmoid(a[:H]), sigmoid(a[H : 2 * H]), sigmoid(a[2 * H : 3 * H]), np.tanh(a[3 * H :])
        c_new = f * c + i * g
        h_new = o * np.tanh(c_new)
        z = h_new @ Wy
        p = np.exp(z - z.max())
        p /= p.sum()
        nll -= np.log(p[y])
        steps.append((x, y, h, c, i, f, o, g, c_new, h_new, p))
        h, c = h_new, c_new
    return nll, steps, h, c


def back(steps):
    grads = [np.zeros_like(p) for p in params]
    _, Wh, Wy = params
    dh_next, dc_next = np.zeros(H), np.zeros(H)
    for x, y, h_old, c_old, i, f, o, g, c, h, p in reversed(steps):
        dz = p.copy()
        dz[y] -= 1
        grads[2] += np.outer(h, dz)
        dh = Wy @ dz + dh_next
        dc = dh * o * (1 - np.tanh(c) ** 2) + dc_next
        da = np.concatenate(
            [dc * g * i * (1 - i), dc * c_old * f * (1 - f), dh * np.tanh(c) * o * (1 - o), dc * i * (1 - g * g)]
        )
        grads[0][x] += da
        grads[1] += np.outer(h_old, da)
        dh_next, dc_next = Wh @ da, dc * f
    return grads


at, h, c = 0, np.zeros(H), np.zeros(H)
for n in range(60):
    if at + T + 1 >= len(text):
        at, h, c = 0, np.zeros(H), np.zeros(H)
    nll, steps, h, c = run(text[at : at + T], text[at + 1 : at + T + 1], h, c)
    for p, g in zip(params, back(steps)):
        p -= 0.1 * np.clip(g, -3, 3)
    at += T
    print(n, nll / T)
