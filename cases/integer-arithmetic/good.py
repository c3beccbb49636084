import numpy as np

rng = np.random.default_rng(1)
pixels = rng.integers(0, 256, size=(40, 9)).astype(np.uint8)
X = pixels / 255.0
labels = (pixels[:, 0] > 128).astype(np.uint8)
Y = np.eye(2)[labels]
W = rng.normal(size=(9, 2)) * 0.1
hits = np.zeros(2, dtype=int)
order = np.arange(40)
half = len(order) // 2

for step in range(30):
    for part in (order[:half], order[half:]):
        z = X[part] @ W
        e = np.exp(z - z.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        loss = -np.mean(np.sum(Y[part] * np.log(p), axis=1))
        hits[int(step % 2)] += np.sum(np.argmax(p, axis=1) == labels[part])
        W -= 0.3 * X[part].T @ (p - Y[part]) / len(part)
print(loss, hits)
