import numpy as np

rng = np.random.default_rng(322)


def make(count):
    points = rng.uniform(-1, 3, size=(count, 4))
    return points, (points[:, 0] ** 2 > points[:, 1] + points[:, 2]).astype(float).reshape(-1, 1)


def normalise(z, running, training, momentum=0.9, eps=1e-5):
    if not training:
        return (z - running["mean"]) / np.sqrt(running["var"] + eps), None
    mean, var = z.mean(axis=0), z.var(axis=0)
    running["mean"] = momentum * running["mean"] + (1 - momentum) * mean
    running["var"] = momentum * running["var"] + (1 - momentum) * var
    std = np.sqrt(var + eps)
    return (z - mean) / std, std


def predict(x, par, running, training=False):
    z = x @ par["W"]
    zhat, std = normalise(z, running, training)
    u = par["gamma"] * zhat + par["beta"]
    a = np.maximum(u, 0)
    return 1 / (1 + np.exp(-(a @ par["v"] + par["c"]))), (zhat, std, u, a)


x, y = make(60)
x_test, y_test = make(40)
par = {
    "W": rng.normal(size=(4, 10)) * 0.5,
    "gamma": np.ones(10),
    "beta": np.zeros(10),
    "v": rng.normal(size=(10, 1)) * 0.4,
    "c": np.zeros(1),
}
running = {"mean": np.zeros(10), "var": np.ones(10)}
for epoch in range(80):
    p, (zhat, std, u, a) = predict(x, par, running, training=True)
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    m = len(x)
    d = (p - y) / m
    du = d @ par["v"].T * (u > 0)
    dz = par["gamma"] / (m * std) * (m * du - du.sum(axis=0) - zhat * (du * zhat).sum(axis=0))
    grad = {
        "W": x.T @ dz,
        "gamma": (du * zhat).sum(axis=0),
        "beta": du.sum(axis=0),
        "v": a.T @ d,
        "c": d.sum(axis=0),
    }
    for key in par:
        par[key] -= 0.5 * grad[key]
    if epoch % 20 == 0:
        q, _ = predict(x_test, par, running)
        print(epoch, loss, np.mean((q > 0.5) == y_test))
