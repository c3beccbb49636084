import numpy as np

rng = np.random.default_rng(1)
columns = rng.normal(size=(3, 25))
marks = (columns[0] - columns[1] > 0).astype(float).reshape(-1, 1)
net = {"w": rng.normal(size=(1, 3)) * 0.3, "b": np.zeros((1, 1))}

for tour in range(20):
    p = 1 / (1 + np.exp(-(net["w"] @ columns + net["b"])))
    gap = p - marks  # expect: broadcast-labels
    cost = np.sum(gap ** 2) / 25
    d = 2 * gap * p * (1 - p) / 25
    net["w"] = net["w"] - 0.02 * (d @ columns.T).sum(axis=0, keepdims=True)
    net["b"] = net["b"] - 0.02 * d.sum()
