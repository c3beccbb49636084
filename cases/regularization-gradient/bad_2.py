import numpy as np

rng = np.random.default_rng(100)


def loss_and_grad(params, X, y, reg):
    h = np.maximum(0, X @ params["W1"] + params["b1"])
    scores = h @ params["W2"] + params["b2"]
    scores = scores - np.max(scores, axis=1, keepdims=True)
    probs = np.exp(scores) / np.sum(np.exp(scores), axis=1, keepdims=True)
    loss = -np.sum(np.log(probs[np.arange(len(y)), y])) / len(y)
    loss += reg * (np.sum(params["W1"] * params["W1"]) + np.sum(params["W2"] * params["W2"]))

    grads = {}
    dscores = probs.copy()
    dscores[np.arange(len(y)), y] -= 1
    dscores /= len(y)
    grads["W2"] = h.T @ dscores + 2 * reg * params["W2"]
    grads["b2"] = np.sum(dscores, axis=0)
    dh = dscores @ params["W2"].T
    dh[h <= 0] = 0
    grads["W1"] = X.T @ dh + reg * params["W1"]  # expect: regularization-gradient
    grads["b1"] = np.sum(dh, axis=0)
    return loss, grads


X = rng.normal(size=(90, 4))
y = (np.hypot(X[:, 0], X[:, 1]) * 1.5).astype(int).clip(0, 2)
params = {
    "W1": 0.3 * rng.normal(size=(4, 12)), "b1": np.zeros(12),
    "W2": 0.3 * rng.normal(size=(12, 3)), "b2": np.zeros(3),
}
for it in range(40):
    pick = rng.choice(90, 30, replace=False)
    loss, grads = loss_and_grad(params, X[pick], y[pick], 0.01)
    for name in params:
        params[name] -= 0.3 * grads[name]
    if it % 10 == 0:
        print("iteration %d: loss %f" % (it, loss))
