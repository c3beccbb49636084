import numpy as np

rng = np.random.default_rng(3)
X = rng.normal(size=(50, 20))
X[:5] *= 100  # a few samples far out
y = (X[:, :1] > 0).astype(float)
W1 = rng.normal(size=(20, 10)) * 0.2
W2 = rng.normal(size=(10, 1)) * 0.3

for step in range(20):
    h = np.tanh(X @ W1)
    p = 1 / (1 + np.exp(-(h @ W2)))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    d = (p - y) / len(X)
    dh = (d @ W2.T) * (1 - h ** 2)
    W2 -= 0.1 * h.T @ d
    W1 -= 0.1 * X.T @ dh
print(loss)
