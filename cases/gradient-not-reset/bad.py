import numpy as np

rng = np.random.default_rng(110)
X = rng.normal(size=(60, 3))
y = X[:, :1] * X[:, 1:2]
params = {
    "W1": rng.normal(size=(3, 10)) * 0.5, "b1": np.zeros((1, 10)),
    "W2": rng.normal(size=(10, 1)) * 0.5, "b2": np.zeros((1, 1)),
}
grads = {k: np.zeros_like(v) for k, v in params.items()}

for epoch in range(30):
    h = np.tanh(X @ params["W1"] + params["b1"])
    out = h @ params["W2"] + params["b2"]
    loss = np.mean((out - y) ** 2)
    d = 2 * (out - y) / len(X)
    grads["W2"] += h.T @ d  # expect: gradient-not-reset
    grads["b2"] += d.sum(axis=0, keepdims=True)
    dh = d @ params["W2"].T * (1 - h ** 2)
    grads["W1"] += X.T @ dh
    grads["b1"] += dh.sum(axis=0, keepdims=True)
    for k in params:
        params[k] -= 0.01 * grads[k]
    if epoch % 10 == 0:
        print(epoch, loss)
