import numpy as np

np.random.seed(72)
X = np.random.randn(54, 4)
y = np.abs(X).sum(axis=1, keepdims=True) * 0.3
A = np.random.randn(4, 16) * 0.5
a = np.zeros(16)
B = np.random.randn(16, 1) * 0.3
for step in range(50):
    layer = np.tanh(X @ A + a)
    coin = np.random.randint(0, 2, layer.shape)
    dropped = layer * coin
    out = dropped @ B
    loss = ((out - y) ** 2).mean()
    d = 2 * (out - y) / len(y)
    dl = (d @ B.T) * coin * (1 - layer ** 2)
    B -= 0.03 * dropped.T @ d
    A -= 0.03 * X.T @ dl
    a -= 0.03 * dl.sum(axis=0)
    if step % 10 == 0:
        print(step, loss)
