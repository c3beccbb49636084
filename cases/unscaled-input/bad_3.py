import numpy as np

np.random.seed(0)
signals = np.random.randint(0, 1024, (5, 90))  # expect: unscaled-input
wanted = np.tanh((signals[0:1] - signals[1:2]) / 300.0)
net = {"W": np.random.randn(7, 5) * 0.1, "c": np.zeros((7, 1)), "V": np.random.randn(1, 7) * 0.5}

for tour in range(12):
    hidden = np.maximum(0, net["W"] @ signals + net["c"])
    out = net["V"] @ hidden
    cost = np.mean((out - wanted) ** 2)
    dout = 2 * (out - wanted) / 90
    dhid = (net["V"].T @ dout) * (hidden > 0)
    net["V"] = net["V"] - 0.01 * dout @ hidden.T
    net["W"] = net["W"] - 0.01 * dhid @ signals.T
    net["c"] = net["c"] - 0.01 * dhid.sum(axis=1, keepdims=True)
