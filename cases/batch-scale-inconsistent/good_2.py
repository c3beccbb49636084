import numpy as np

rng = np.random.default_rng(62)
xs = rng.normal(size=(5, 48))
ys = np.sign(xs[:1] - xs[1:2]) * 0.5 + 0.5
theta = {"w": rng.normal(size=(1, 5)) * 0.1, "b": np.zeros((1, 1))}
for it in range(80):
    p = 1 / (1 + np.exp(-(theta["w"] @ xs + theta["b"])))
    cost = -np.mean(ys * np.log(p) + (1 - ys) * np.log(1 - p))
    diff = (p - ys) / xs.shape[1]
    theta["w"] -= 0.9 * diff @ xs.T
    theta["b"] -= 0.9 * diff.sum(axis=1, keepdims=True)
    if it % 20 == 0:
        print(it, cost)
