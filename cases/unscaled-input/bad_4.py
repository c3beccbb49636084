import numpy as np

rng = np.random.default_rng(7)
heights = rng.uniform(1500, 2000, size=(60, 3))  # expect: unscaled-input
tall = (heights.mean(axis=1, keepdims=True) > 1750).astype(float)
W1 = rng.normal(size=(3, 9)) * 0.4
W2 = rng.normal(size=(9, 1)) * 0.4

for step in range(30):
    h = np.tanh(heights @ W1)
    out = h @ W2
    loss = np.mean((out - tall) ** 2)
    d = 2 * (out - tall) / len(tall)
    dh = (d @ W2.T) * (1 - h ** 2)
    W2 -= 0.01 * h.T @ d
    W1 -= 0.01 * heights.T @ dh
print(loss)
