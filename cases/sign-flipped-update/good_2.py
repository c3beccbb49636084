import numpy as np

rng = np.random.default_rng(33)
X = rng.normal(size=(38, 6))
y = X @ rng.normal(size=(6, 1)) + 0.7

W = {"in": rng.normal(size=(6, 9)) * 0.3, "out": rng.normal(size=(9, 1)) * 0.3, "shift": np.zeros((1, 1))}
V = {k: np.zeros_like(v) for k, v in W.items()}
for epoch in range(60):
    hidden = np.maximum(X @ W["in"], 0)
    pred = hidden @ W["out"] + W["shift"]
    loss = np.square(pred - y).mean()
    back = -2 * (y - pred) / len(X)
    G = {
        "out": -hidden.T @ back,
        "shift": -back.sum(axis=0, keepdims=True),
        "in": -X.T @ ((back @ W["out"].T) * (hidden > 0)),
    }
    for k in W:
        V[k] = 0.8 * V[k] + 0.02 * G[k]
        W[k] += V[k]
    if epoch % 15 == 0:
        print(epoch, loss)
