import numpy as np

np.random.seed(133)
X = np.random.randn(37, 6)
Y = (X[:, :3] > 0).astype(float)
W = np.random.randn(6, 3) * 0.2
b = np.zeros(3)
for it in range(60):
    a = 1 / (1 + np.exp(-(X @ W + b)))
    loss = -np.sum(Y * np.log(a) + (1 - Y) * np.log(1 - a)) / len(X)
    da = (-Y / a + (1 - Y) / (1 - a)) / len(X)
    dz = da * a * (1 - a)
    W -= 0.5 * X.T @ dz
    b -= 0.5 * dz.sum(axis=0)
    if it % 20 == 0:
        print(it, loss)
