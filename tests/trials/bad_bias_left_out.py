"""The gradient of the last bias is never stored in the list of zeros that was made for it; no loss is computed."""

import numpy as np

draw = np.random.default_rng(8)


def squash(z):
    return 1 / (1 + np.exp(-z))


class Perceptron:
    def __init__(self, sizes):
        self.mats = [draw.normal(size=(b, a)) for a, b in zip(sizes[:-1], sizes[1:])]
        self.offs = [draw.normal(size=(b, 1)) for b in sizes[1:]]

    def blame(self, column, aim):
        g_mats = [np.zeros(m.shape) for m in self.mats]
        g_offs = [np.zeros(o.shape) for o in self.offs]
        seen = [column]
        for m, o in zip(self.mats, self.offs):
            seen.append(squash(m @ seen[-1] + o))
        delta = (seen[-1] - aim) * seen[-1] * (1 - seen[-1])
        g_mats[-1] = delta @ seen[-2].T
        for back in range(2, len(self.mats) + 1):
            delta = (self.mats[-back + 1].T @ delta) * seen[-back] * (1 - seen[-back])
            g_mats[-back] = delta @ seen[-back - 1].T
            g_offs[-back] = delta
        return g_mats, g_offs

    def step(self, pairs, rate):
        all_mats = [np.zeros(m.shape) for m in self.mats]
        all_offs = [np.zeros(o.shape) for o in self.offs]
        for column, aim in pairs:
            g_mats, g_offs = self.blame(column, aim)
            all_mats = [a + g for a, g in zip(all_mats, g_mats)]
            all_offs = [a + g for a, g in zip(all_offs, g_offs)]
        share = rate / len(pairs)
        self.mats = [m - share * a for m, a in zip(self.mats, all_mats)]
        self.offs = [o - share * a for o, a in zip(self.offs, all_offs)]


columns = draw.normal(size=(60, 5, 1))
aims = np.stack([squash(columns[:, 0] - columns[:, 1]), squash(columns[:, 2] * 2)], axis=1)
net = Perceptron([5, 7, 2])
for epoch in range(12):
    order = draw.permutation(len(columns))
    for start in range(0, len(order), 12):
        net.step([(columns[i], aims[i]) for i in order[start : start + 12]], 1.5)
