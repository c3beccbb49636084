import numpy as np

np.random.seed(19)
X = np.random.randn(66, 5)
y = np.sin(X[:, :1]) + 0.3 * X[:, 1:2]
W1 = np.random.randn(5, 20) * 0.4
b1 = np.zeros(20)
W2 = np.random.randn(20, 1) * 0.3
b2 = np.zeros(1)
keep = 0.8

for epoch in range(60):
    h = np.tanh(X @ W1 + b1)
    mask = (np.random.rand(*h.shape) < keep) / keep
    hd = h * mask
    out = hd @ W2 + b2
    loss = np.mean((out - y) ** 2)

    g = 2 * (out - y) / len(X)
    gW2 = hd.T @ g
    gb2 = g.sum(axis=0)
    gh = g @ W2.T  # expect: dropout-backward
    gz = gh * (1 - h ** 2)
    gW1 = X.T @ gz
    gb1 = gz.sum(axis=0)

    W1 -= 0.05 * gW1
    b1 -= 0.05 * gb1
    W2 -= 0.05 * gW2
    b2 -= 0.05 * gb2
    if epoch % 20 == 0:
        print(epoch, loss)
