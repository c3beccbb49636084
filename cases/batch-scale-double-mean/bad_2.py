"""A mean loss with its own gradient, divided by the batch once more in the update."""

import numpy as np


def forward(x, net):
    return np.maximum(0, x @ net["V"] + net["a"]) @ net["w"]


def gradients(x, t, net):
    z = x @ net["V"] + net["a"]
    h = np.maximum(0, z)
    error = h @ net["w"] - t
    loss = np.mean(error ** 2) / 2
    up = error / len(x)
    back = up @ net["w"].T * (z > 0)
    return loss, {"V": x.T @ back, "a": back.sum(axis=0), "w": h.T @ up}


rng = np.random.default_rng(9)
data = rng.normal(size=(112, 3))
goal = np.abs(data[:, :1]) - data[:, 1:2]
net = {"V": rng.normal(0, 0.5, (3, 10)), "a": np.zeros(10), "w": rng.normal(0, 0.5, (10, 1))}
for epoch in range(20):
    order = rng.permutation(112)
    for i in range(0, 112, 14):
        x, t = data[order[i:i + 14]], goal[order[i:i + 14]]
        loss, grads = gradients(x, t, net)
        for name in net:
            net[name] -= 0.5 * grads[name] / x.shape[0]  # expect: batch-scale-double-mean
    print(epoch, loss)
