"""Leaky echo-state network on Mackey-Glass; readout trained by gradient descent.

Pseudo-Huber data term plus an elastic-net penalty on the readout weights.
"""
import numpy as np


def mackey_glass(n, tau=17, seed=0):
    g = np.random.default_rng(seed)
    x = list(1.2 + 0.05 * g.standard_normal(tau + 1))
    for _ in range(n + 200):
        x.append(x[-1] + 0.2 * x[-tau - 1] / (1 + x[-tau - 1] ** 10) - 0.1 * x[-1])
    return np.array(x[-n:])


def reservoir_states(u, size, rng, leak=0.3, radius=0.9):
    W = rng.normal(size=(size, size)) * (rng.random((size, size)) < 0.15)
    W *= radius / np.max(np.abs(np.linalg.eigvals(W)))
    win = rng.uniform(-0.5, 0.5, (size, 2))
    x = np.zeros(size)
    out = np.empty((len(u), size), order="F")
    for t, ut in enumerate(u):
        x = (1 - leak) * x + leak * np.tanh(W @ x + win @ np.array([1.0, ut]))
        out[t] = x
    return out


def pseudo_huber(e, delta):
    return delta ** 2 * (np.sqrt(1 + (e / delta) ** 2) - 1)


def pseudo_huber_slope(e, delta):
    return e / np.sqrt(1 + (e / delta) ** 2)


def chunks(n, size, rng):
    order = rng.permutation(n)
    for s in range(0, n - size + 1, size):
        yield order[s:s + size]


rng = np.random.default_rng(45)
series = mackey_glass(900)
series = (series - series.mean()) / series.std()
horizon, washout = 4, 100
S = reservoir_states(series[:-horizon], 60, rng)[washout:]
Y = np.asfortranarray(np.column_stack([series[washout + 1:len(S) + washout + 1], series[washout + horizon:]]))
split = 600

W_out = np.asfortranarray(rng.normal(0, 0.1, (60, 2)))
b_out = np.zeros(2)
vW, vb = np.zeros_like(W_out), np.zeros_like(b_out)
lr, mu, delta, l1, l2 = 0.05, 0.9, 0.5, 1e-3, 2e-2

for epoch in range(40):
    for idx in chunks(split, 50, rng):
        s, y = S[idx], Y[idx]
        e = s @ W_out + b_out - y
        data_term = pseudo_huber(e, delta).sum(axis=1).mean()
        total = data_term + l1 * np.abs(W_out).sum() + 0.5 * l2 * np.sum(W_out ** 2)
        de = pseudo_huber_slope(e, delta) / len(idx)
        gW = s.T @ de + l1 * np.sign(W_out)
        gb = de.sum(axis=0)
        vW = mu * vW - lr * gW
        vb = mu * vb - lr * gb
        W_out += vW
        b_out += vb
    if epoch % 8 == 0:
        test = S[split:] @ W_out + b_out - Y[split:]
        print(f"epoch {epoch:2d} total {total:.5f} test rmse {np.sqrt((test ** 2).mean(0)).round(4)}")
