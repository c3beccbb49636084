import numpy as np

np.random.seed(4)
X = np.random.randn(90, 5)
kind = np.argmax(X[:, :3] + 0.3 * np.random.randn(90, 3), axis=1)
T = np.eye(3)[kind]

W1 = np.random.randn(5, 8) * 0.4
b1 = np.zeros(8)
W2 = np.random.randn(8, 3) * 0.4
b2 = np.zeros(3)
lr = 0.8

for epoch in range(60):
    h = np.tanh(X @ W1 + b1)
    s = h @ W2 + b2
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.mean(np.sum(T * np.log(p), axis=1))

    d2 = (p - T) * p * (1 - p) / len(X)  # expect: softmax-derivative-doubled
    dW2 = h.T @ d2
    db2 = d2.sum(axis=0)
    d1 = (d2 @ W2.T) * (1 - h ** 2)
    dW1 = X.T @ d1
    db1 = d1.sum(axis=0)

    W1 -= lr * dW1
    b1 -= lr * db1
    W2 -= lr * dW2
    b2 -= lr * db2
    if epoch % 20 == 0:
        print(epoch, loss)
