import numpy as np

rng = np.random.default_rng(3)
X = rng.normal(size=(60, 5))
Y = np.eye(4)[np.argmax(X @ rng.normal(size=(5, 4)), axis=1)]
W1 = rng.normal(size=(5, 8)) * 0.4
W2 = rng.normal(size=(8, 4)) * 0.4
w = rng.normal(size=(5, 1)) * 0.1
t = (X[:, :1] > 0).astype(float)

for epoch in range(30):
    H = np.tanh(X @ W1)
    scores = H @ W2
    peak = scores.max(axis=1)[:, None]
    e = np.exp(scores - peak)
    P = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.sum(Y * np.log(P), axis=1))
    dscores = (P - Y) / len(X)
    dW2 = H.T @ dscores
    dW1 = X.T @ ((dscores @ W2.T) * (1 - H ** 2))
    W1 -= 0.5 * dW1
    W2 -= 0.5 * dW2
print(loss)

for epoch in range(30):  # a plain sigmoid needs no shift
    a = 1 / (1 + np.exp(-(X @ w)))
    loss = -np.mean(t * np.log(a) + (1 - t) * np.log(1 - a))
    w -= 0.3 * X.T @ (a - t) / len(X)
