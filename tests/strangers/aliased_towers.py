import numpy as np

# Which of two hands of cards wins? Both hands go through the very same encoder.

r = np.random.default_rng()

class Encoder:
    def __init__(self, shared=None):
        if shared is None:
            self.K = r.normal(0, .4, (6, 5))
            self.k = np.zeros(5)
            self.gK, self.gk = np.zeros((6, 5)), np.zeros(5)
        else:
            self.K, self.k, self.gK, self.gk = shared.K, shared.k, shared.gK, shared.gk

    def __call__(self, x):
        self.x, self.y = x, np.tanh(x @ self.K + self.k)
        return self.y

    def back(self, g):
        g = g * (1 - self.y ** 2)
        self.gK += self.x.T @ g
        self.gk += g.sum(0)

left = Encoder()
right = Encoder(shared=left)
head = r.normal(0, .4, 5)

worth = np.array([3., -1., 2., 0.5, -2., 1.])
for it in range(250):
    a, b = r.integers(0, 3, (2, 21, 6)).astype(float)
    wins = (a @ worth > b @ worth).astype(float)
    diff = left(a) - right(b)
    chance = 1 / (1 + np.exp(-diff @ head))

    left.gK[:] = 0
    left.gk[:] = 0
    slip = (chance - wins) / len(wins)
    g_head = diff.T @ slip
    g_diff = np.outer(slip, head)
    left.back(g_diff)
    right.back(-g_diff)
    left.K -= 0.4 * left.gK
    left.k -= 0.4 * left.gk
    head -= 0.4 * g_head
    if it % 50 == 49:
        print(it + 1, 'right:', ((chance > .5) == wins).mean())
