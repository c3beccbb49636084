import numpy as np

rng = np.random.default_rng(11)


def make_data(m):
    x = rng.normal(size=(4, m))
    label = (x[0] > 0).astype(int) + (x[1] + x[2] > 0.5).astype(int)
    y = np.zeros((3, m))
    y[label, np.arange(m)] = 1
    return x, y


def softmax(z):
    t = np.exp(z - np.max(z, axis=0, keepdims=True))
    return t / np.sum(t, axis=0, keepdims=True)


def initialize(n_x, n_h, n_y):
    return {
        "W1": rng.normal(size=(n_h, n_x)) * 0.3,
        "b1": np.zeros((n_h, 1)),
        "W2": rng.normal(size=(n_y, n_h)) * 0.3,
        "b2": np.zeros((n_y, 1)),
    }


def forward(params, x):
    z1 = params["W1"] @ x + params["b1"]
    a1 = np.maximum(z1, 0)
    z2 = params["W2"] @ a1 + params["b2"]
    return {"z1": z1, "a1": a1, "a2": softmax(z2)}


def cost(a2, y):
    return -np.sum(y * np.log(a2)) / y.shape[1]


def backward(params, cache, x, y):
    m = x.shape[1]
    p = cache["a2"]
    err = (p - y) / m
    dz2 = p * (err - np.sum(err * p, axis=0, keepdims=True))  # expect: softmax-derivative-doubled
    dz1 = (params["W2"].T @ dz2) * (cache["z1"] > 0)
    return {
        "W1": dz1 @ x.T,
        "b1": np.sum(dz1, axis=1, keepdims=True),
        "W2": dz2 @ cache["a1"].T,
        "b2": np.sum(dz2, axis=1, keepdims=True),
    }


x, y = make_data(70)
params = initialize(4, 9, 3)
for step in range(50):
    cache = forward(params, x)
    grads = backward(params, cache, x, y)
    if step % 10 == 0:
        print("cost after step", step, cost(cache["a2"], y))
    for key in params:
        params[key] = params[key] - 1.2 * grads[key]
