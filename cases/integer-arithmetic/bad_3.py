import numpy as np

rng = np.random.default_rng(0)
pixels = rng.integers(0, 256, size=(50, 16)).astype(np.uint8)
centred = pixels - np.uint8(128)  # expect: integer-arithmetic
inputs = centred / 128
truth = (pixels.mean(axis=1, keepdims=True) > 128).astype(float)
net = {"w": rng.normal(size=(16, 1)) * 0.1, "c": np.zeros(1)}

for tour in range(20):
    p = 1 / (1 + np.exp(-(inputs @ net["w"] + net["c"])))
    loss = -np.mean(truth * np.log(p) + (1 - truth) * np.log(1 - p))
    d = (p - truth) / 50
    net["w"] -= 0.1 * inputs.T @ d
    net["c"] -= 0.1 * d.sum(axis=0)
print(loss)
