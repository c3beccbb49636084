import numpy as np

rng = np.random.default_rng(3)
X = rng.normal(size=(60, 5))
labels = np.argmax(X @ rng.normal(size=(5, 4)), axis=1)
W = rng.normal(size=(5, 4)) * 0.4

for i in range(60):  # one sample at a time: the whole array is its row
    z = X[i:i + 1] @ W
    e = np.exp(z - np.max(z))
    p = e / np.sum(e)
    loss = -np.log(p[0, labels[i]])
    p[0, labels[i]] -= 1
    W -= 0.1 * X[i:i + 1].T @ p
print(loss)
