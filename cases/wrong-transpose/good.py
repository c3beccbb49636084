import numpy as np

rng = np.random.default_rng(6)
d, m = 5, 40
X = rng.normal(size=(d, m))
Y = np.roll(X, 1, axis=0) * 0.5

params = {"A": rng.normal(size=(d, d)) * 0.4, "B": rng.normal(size=(d, d)) * 0.4, "a": np.zeros((d, 1))}
for it in range(60):
    hidden = np.tanh(params["A"] @ X + params["a"])
    guess = params["B"] @ hidden
    loss = np.sum((guess - Y) ** 2) / (2 * m)
    dG = (guess - Y) / m
    dH = params["B"].T @ dG
    dZ = dH * (1 - hidden * hidden)
    grads = {"A": dZ @ X.T, "B": (hidden @ dG.T).T, "a": dZ.sum(axis=1, keepdims=True)}
    for k in params:
        params[k] -= 0.2 * grads[k]
    if it % 15 == 0:
        print(it, loss)
