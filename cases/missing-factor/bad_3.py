import numpy as np

rng = np.random.default_rng(77)
x = np.tanh(rng.normal(size=(58, 3)) @ rng.normal(size=(3, 9)))
p = {
    "enc": rng.normal(size=(9, 12)) * 0.3, "mu": rng.normal(size=(12, 2)) * 0.3,
    "lv": rng.normal(size=(12, 2)) * 0.3, "dec": rng.normal(size=(2, 9)) * 0.3,
}


def backward(x, eps):
    n = len(x)
    h = np.tanh(x @ p["enc"])
    mu, lv = h @ p["mu"], h @ p["lv"]
    std = np.exp(0.5 * lv)
    z = mu + eps * std
    out = z @ p["dec"]
    loss = (0.5 * np.sum((out - x) ** 2) + 0.5 * np.sum(mu ** 2 + np.exp(lv) - lv - 1)) / n
    d_out = (out - x) / n
    d_z = d_out @ p["dec"].T
    d_mu = d_z + mu / n
    d_std = d_z * eps * std  # expect: missing-factor
    d_lv = d_std + 0.5 * (np.exp(lv) - 1) / n
    d_h = (d_mu @ p["mu"].T + d_lv @ p["lv"].T) * (1 - h ** 2)
    return loss, {"enc": x.T @ d_h, "mu": h.T @ d_mu, "lv": h.T @ d_lv, "dec": z.T @ d_out}


for it in range(90):
    loss, grads = backward(x, rng.normal(size=(58, 2)))
    for name in p:
        p[name] -= 0.05 * grads[name]
    if it % 30 == 0:
        print(it, loss)
