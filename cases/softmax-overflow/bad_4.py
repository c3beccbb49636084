import numpy as np

rng = np.random.default_rng(0)
X = (rng.normal(size=(40, 6)) * 25).astype(np.float32)  # scores of a hundred or two: too much for float32 only
labels = rng.integers(0, 3, 40)
Y = np.eye(3, dtype=np.float32)[labels]
W = rng.normal(size=(6, 3)).astype(np.float32)

with np.errstate(all="ignore"):
    for step in range(12):
        e = np.exp(X @ W)  # expect: softmax-overflow
        p = e / e.sum(axis=1, keepdims=True)
        loss = -np.mean(np.sum(Y * np.log(p), axis=1))
        W -= np.float32(1e-4) * (X.T @ ((p - Y) / np.float32(40)))
