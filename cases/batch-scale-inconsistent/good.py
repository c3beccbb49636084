import numpy as np

np.random.seed(61)
X = np.random.randn(90, 4)
Y = np.eye(3)[np.random.randint(0, 3, 90)]
W, b = np.zeros((4, 3)) + 0.01 * np.random.randn(4, 3), np.zeros(3)
U, c = np.eye(3) + 0.1 * np.random.randn(3, 3), np.zeros(3)
for epoch in range(3):
    idx = np.random.permutation(90)
    for batch in np.split(idx, 6):
        h = np.tanh(X[batch] @ W + b)
        z = h @ U + c
        q = np.exp(z - z.max(1, keepdims=True))
        q /= q.sum(1, keepdims=True)
        loss = -np.mean(np.log(q[Y[batch] == 1]))
        d = q - Y[batch]
        dh = d @ U.T * (1 - h * h)
        U -= 0.2 * (h.T @ d) / len(batch)
        c -= 0.2 * d.mean(axis=0)
        W -= 0.2 * (X[batch].T @ dh) / len(batch)
        b -= 0.2 * dh.sum(axis=0) / len(batch)
    print(epoch, loss)
