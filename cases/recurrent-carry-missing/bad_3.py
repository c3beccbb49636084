import numpy as np

rng = np.random.default_rng(313)
T, n, m, k = 5, 33, 2, 7
x = rng.normal(size=(T, n, m))
y = np.empty((T, n, 1))
level = np.zeros((n, 1))
for t in range(T):
    level = np.where(x[t, :, :1] > 0, 0.5 * level + x[t, :, 1:], level)
    y[t] = level

P = {"Wz": (m, k), "Uz": (k, k), "Wr": (m, k), "Ur": (k, k), "Wc": (m, k), "Uc": (k, k), "V": (k, 1)}
P = {name: rng.normal(0, 0.5, shape) for name, shape in P.items()}
h = np.zeros((T + 1, n, k))
z, r, c = np.zeros((T, n, k)), np.zeros((T, n, k)), np.zeros((T, n, k))

for sweep in range(60):
    for t in range(T):
        z[t] = 1 / (1 + np.exp(-(x[t] @ P["Wz"] + h[t] @ P["Uz"])))
        r[t] = 1 / (1 + np.exp(-(x[t] @ P["Wr"] + h[t] @ P["Ur"])))
        c[t] = np.tanh(x[t] @ P["Wc"] + (r[t] * h[t]) @ P["Uc"])
        h[t + 1] = (1 - z[t]) * h[t] + z[t] * c[t]
    miss = h[1:] @ P["V"] - y
    loss = np.sum(miss ** 2) / (2 * n)

    G = {name: np.zeros_like(value) for name, value in P.items()}
    dh = np.zeros((n, k))
    for t in range(T - 1, -1, -1):
        e = miss[t] / n
        G["V"] += h[t + 1].T @ e
        dh = e @ P["V"].T  # expect: recurrent-carry-missing
        dz = dh * (c[t] - h[t]) * z[t] * (1 - z[t])
        dc = dh * z[t] * (1 - c[t] ** 2)
        drh = dc @ P["Uc"].T
        dr = drh * h[t] * r[t] * (1 - r[t])
        G["Wz"] += x[t].T @ dz
        G["Uz"] += h[t].T @ dz
        G["Wr"] += x[t].T @ dr
        G["Ur"] += h[t].T @ dr
        G["Wc"] += x[t].T @ dc
        G["Uc"] += (r[t] * h[t]).T @ dc
        dh = dh * (1 - z[t]) + drh * r[t] + dz @ P["Uz"].T + dr @ P["Ur"].T

    for name in P:
        P[name] -= 0.1 * G[name]
    if sweep % 20 == 0:
        print(sweep, loss)
