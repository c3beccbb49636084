import numpy as np

rng = np.random.default_rng(1)
samples = rng.normal(size=(5, 30))
wanted = np.sin(samples[:1]) + 2
params = {"W": rng.normal(size=(8, 5)) * 0.4, "b": np.zeros((8, 1)), "V": rng.normal(size=(1, 8)) * 0.4}

for tour in range(20):
    hidden = np.tanh(params["W"] @ samples + params["b"])
    guess = params["V"] @ hidden
    cost = np.mean((guess - wanted) ** 2)
    d = 2 * (guess - wanted) / 30
    grads = {"V": d @ hidden.T}
    dh = (params["V"].T @ d) * (1 - hidden ** 2)
    grads["W"] = dh @ samples.T
    grads["b"] = dh.sum(axis=1, keepdims=True)  # expect: parameter-not-updated
    for name in ("W", "V"):
        params[name] = params[name] - 0.1 * grads[name]
