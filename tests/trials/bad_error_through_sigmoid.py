import numpy as np


class Letters:
    def __init__(self, seen, hidden, letters, rate):
        rng = np.random.default_rng(17)
        self.into = rng.normal(0.0, seen ** -0.5, (hidden, seen))
        self.out = rng.normal(0.0, hidden ** -0.5, (letters, hidden))
        self.rate = rate
        self.squash = lambda v: 1 / (1 + np.exp(-v))

    def learn(self, pixels, wanted):
        pixels, wanted = np.array(pixels, ndmin=2).T, np.array(wanted, ndmin=2).T
        inner = self.squash(np.dot(self.into, pixels))
        answer = self.squash(np.dot(self.out, inner))
        missing = wanted - answer
        missing_inside = np.dot(self.out.T, missing)
        self.out += self.rate * np.dot(missing * answer * (1 - answer), inner.T)
        self.into += self.rate * np.dot(missing_inside * inner * (1 - inner), pixels.T)


rng = np.random.default_rng(18)
net = Letters(12, 9, 4, 0.2)
for sheet in range(40):
    letter = rng.integers(4)
    pixels = rng.random(12) + 0.5 * (np.arange(12) // 3 == letter)
    wanted = np.full(4, 0.01)
    wanted[letter] = 0.99
    net.learn(pixels, wanted)
print(net.out.shape)
