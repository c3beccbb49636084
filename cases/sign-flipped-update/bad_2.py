import numpy as np

rng = np.random.default_rng(23)
N, D, C = 84, 5, 4
X = rng.normal(size=(N, D))
label = rng.integers(0, C, N)
X[np.arange(N), label] += 2.0

params = {"W": rng.normal(size=(D, C)) * 0.01, "b": np.zeros(C)}


def loss_and_grads(params, X, label):
    scores = X @ params["W"] + params["b"]
    scores -= scores.max(axis=1, keepdims=True)
    e = np.exp(scores)
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(len(X)), label]).mean()
    d = p.copy()
    d[np.arange(len(X)), label] -= 1
    d /= len(X)
    return loss, {"W": X.T @ d, "b": d.sum(axis=0)}


for it in range(40):
    loss, grads = loss_and_grads(params, X, label)
    for key in params:
        params[key] += 0.1 * grads[key]  # expect: sign-flipped-update
    if it % 10 == 0:
        print(it, loss)
