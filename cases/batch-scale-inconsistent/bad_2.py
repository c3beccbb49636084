import numpy as np


class Block:
    def __init__(self, rng, fan_in, fan_out):
        self.w = rng.normal(scale=fan_in ** -0.5, size=(fan_in, fan_out))
        self.b = np.zeros(fan_out)

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, delta):
        self.gw = self.x.T @ delta
        self.gb = delta.mean(axis=0)  # expect: batch-scale-inconsistent
        return delta @ self.w.T


rng = np.random.default_rng(50)
X = rng.normal(size=(120, 7))
y = np.sin(X[:, 0]) + X[:, 1]
blocks = [Block(rng, 7, 13), Block(rng, 13, 1)]

for epoch in range(4):
    perm = rng.permutation(120)
    for s in range(0, 120, 20):
        take = perm[s:s + 20]
        h = np.tanh(blocks[0].forward(X[take]))
        pred = blocks[1].forward(h)
        residual = pred - y[take, None]
        loss = np.mean(residual ** 2)
        delta = 2 * residual / len(take)
        delta = blocks[1].backward(delta)
        blocks[0].backward(delta * (1 - h ** 2))
        for block in blocks:
            block.w -= 0.05 * block.gw
            block.b -= 0.05 * block.gb
    print("epoch", epoch, "mse", loss)
