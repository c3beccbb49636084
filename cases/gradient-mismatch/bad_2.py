import numpy as np


class Ladders:
    """Heights that only go up, one ladder for each wall: starts and gaps, fitted to noisy marks."""

    def __init__(self, walls, rungs, rng):
        self.start = rng.normal(size=(walls, 1))
        self.raw = rng.normal(size=(walls, rungs - 1)) * 0.3

    def forward(self):
        self.gap = np.exp(self.raw)
        return np.hstack([self.start, self.start + np.cumsum(self.gap, axis=1)])

    def backward(self, g):
        self.g_start = g.sum(axis=1, keepdims=True)
        behind = np.cumsum(g[:, 1:], axis=1)  # expect: gradient-mismatch
        self.g_raw = behind * self.gap

    def step(self, rate):
        self.start -= rate * self.g_start
        self.raw -= rate * self.g_raw


rng = np.random.default_rng(161)
marks = np.sort(rng.uniform(0, 9, size=(30, 5, 8)), axis=2)
ladders = Ladders(5, 8, rng)
for sweep in range(200):
    heights = ladders.forward()
    miss = heights - marks
    loss = 0.5 * np.mean(np.sum(miss ** 2, axis=(1, 2)))
    ladders.backward(miss.mean(axis=0))
    ladders.step(0.02)
    if sweep % 50 == 0:
        print(sweep, loss)
