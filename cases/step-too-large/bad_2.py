import numpy as np

np.random.seed(3)


class Network:
    def __init__(self):
        self.params = {
            "W1": np.random.randn(4, 12) * 0.5,
            "b1": np.zeros((1, 12)),
            "W2": np.random.randn(12, 1) * 0.5,
            "b2": np.zeros((1, 1)),
        }

    def step(self, x, t, rate):
        p = self.params
        hidden = np.tanh(x @ p["W1"] + p["b1"])
        out = hidden @ p["W2"] + p["b2"]
        d = 2 * (out - t) / len(x)
        back = (d @ p["W2"].T) * (1 - hidden ** 2)
        grads = {"W2": hidden.T @ d, "b2": d.sum(axis=0, keepdims=True)}
        grads["W1"], grads["b1"] = x.T @ back, back.sum(axis=0, keepdims=True)
        for name in p:
            p[name] = p[name] - rate * grads[name]  # expect: step-too-large
        return np.mean((out - t) ** 2)


x = np.random.randn(64, 4)
t = np.sin(x.sum(axis=1, keepdims=True))
net = Network()
for epoch in range(30):
    print(net.step(x, t, 3.0))
