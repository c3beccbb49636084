import numpy as np

rng = np.random.default_rng(5)
X = rng.normal(size=(50, 6))
y = np.argmax(X @ rng.normal(size=(6, 3)), axis=1)
W = rng.normal(size=(6, 3)) * 0.2
LIMIT = 8.0

for step in range(30):  # the scores are squashed: they cannot exceed LIMIT
    raw = X @ W
    squashed = LIMIT * np.tanh(raw / LIMIT)
    e = np.exp(squashed)
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(50), y]))
    d = p.copy()
    d[np.arange(50), y] -= 1
    d /= 50
    W -= 0.5 * X.T @ (d * (1 - np.tanh(raw / LIMIT) ** 2))
print(loss)
