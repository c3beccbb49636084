import numpy as np

rng = np.random.default_rng(3)
X = rng.normal(size=(60, 5))
labels = np.argmax(X @ rng.normal(size=(5, 4)), axis=1)
Y = np.eye(4)[labels]
W1 = rng.normal(size=(5, 8)) * 0.4
W2 = rng.normal(size=(8, 4)) * 0.4

for epoch in range(40):
    H = np.tanh(X @ W1)
    scores = H @ W2
    e = np.exp(scores)  # expect: softmax-overflow
    P = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.sum(Y * np.log(P), axis=1))
    dscores = (P - Y) / len(X)
    dW2 = H.T @ dscores
    dW1 = X.T @ ((dscores @ W2.T) * (1 - H ** 2))
    W1 -= 0.5 * dW1
    W2 -= 0.5 * dW2
print(loss)
