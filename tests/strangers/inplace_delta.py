import numpy as np
import sys

class MLP():
    def __init__(self, ni, nh, no):
        self.ni, self.nh, self.no = ni + 1, nh, no
        self.wi = np.random.uniform(-0.5, 0.5, (self.ni, self.nh))
        self.wo = np.random.uniform(-0.5, 0.5, (self.nh, self.no))
        self.ai = np.ones(self.ni)

    def run(self, inputs):
        self.ai[:-1] = inputs
        self.ah = np.tanh(self.ai.dot(self.wi))
        self.ao = np.tanh(self.ah.dot(self.wo))
        return self.ao.copy()

    def backprop(self, targets, N):
        self.ao -= targets
        err = self.ao.copy()
        out = err + targets
        err *= 1.0 - out * out
        hid = self.wo.dot(err)
        hid *= 1.0 - self.ah ** 2
        self.wo -= N * np.outer(self.ah, err)
        self.wi -= N * np.outer(self.ai, hid)

    def test(self, patterns):
        for p in patterns:
            print(p[0], '->', self.run(p[0]))

    def train(self, patterns, iterations=100, N=0.1):
        for i in range(iterations):
            for p in patterns:
                self.run(p[0])
                self.backprop(np.array(p[1]), N)
            if i % 50 == 0:
                sys.stdout.write('.')

pat = [
    [[0, 0, 0], [-1, 1]],
    [[0, 1, 0], [1, 1]],
    [[1, 0, 1], [1, -1]],
    [[1, 1, 1], [-1, -1]],
    [[1, 0, 0], [1, 1]],
]
n = MLP(3, 5, 2)
n.train(pat)
n.test(pat)
