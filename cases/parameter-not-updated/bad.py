import numpy as np

rng = np.random.default_rng(3)
X = rng.normal(size=(40, 3))
y = X @ np.array([[1.0], [-2.0], [0.5]]) + 4.0
W1 = rng.normal(size=(3, 7)) * 0.4
b1 = np.zeros((1, 7))
W2 = rng.normal(size=(7, 1)) * 0.4
b2 = np.zeros((1, 1))
lr = 0.1

for step in range(30):
    h = np.tanh(X @ W1 + b1)
    out = h @ W2 + b2
    loss = np.mean((out - y) ** 2)
    d = 2 * (out - y) / len(X)
    dW2 = h.T @ d
    db2 = d.sum(axis=0, keepdims=True)
    dh = (d @ W2.T) * (1 - h ** 2)
    dW1 = X.T @ dh
    db1 = dh.sum(axis=0, keepdims=True)
    W2 -= lr * dW2
    b2 -= lr * db2
    W1 -= lr * dW1
    db1 = b1 - lr * db1  # expect: parameter-not-updated
print(loss)
