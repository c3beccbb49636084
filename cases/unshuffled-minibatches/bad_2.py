"""A regression along a ramp; a generator hands out the batches in the order of the ramp."""

import numpy as np


def batches(inputs, wanted, size):
    for start in range(0, inputs.shape[0], size):
        yield inputs[start:start + size], wanted[start:start + size]  # expect: unshuffled-minibatches


class Net:
    def __init__(self, width, rng):
        self.first = rng.normal(0, 0.5, (1, width))
        self.shift = rng.normal(0, 0.5, width)
        self.second = rng.normal(0, 0.5, (width, 1))

    def train_on(self, x, t, rate):
        hidden = np.tanh(x @ self.first + self.shift)
        error = hidden @ self.second - t
        cost = np.mean(error ** 2)
        up = 2 * error / len(x)
        inner = (up @ self.second.T) * (1 - hidden ** 2)
        self.second -= rate * hidden.T @ up
        self.first -= rate * x.T @ inner
        self.shift -= rate * inner.sum(axis=0)
        return cost


rng = np.random.default_rng(8)
ramp = np.linspace(-2, 2, 96)[:, None]
curve = np.sin(2 * ramp)
net = Net(9, rng)
for tour in range(20):
    costs = [net.train_on(x, t, 0.1) for x, t in batches(ramp, curve, 16)]
    print(tour, sum(costs) / len(costs))
