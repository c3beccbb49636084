import numpy as np

np.random.seed(122)
X = np.random.randn(47, 6)
W = np.random.randn(6, 4) * 0.4
S = np.random.randn(4, 4) * 0.3
for step in range(50):
    h = np.tanh(X @ W)
    r = h + np.maximum(h @ S, 0)
    back = r @ W.T
    loss = np.sum((back - X) ** 2) / (2 * len(X))
    e = (back - X) / len(X)
    dr = e @ W
    ds = dr * (h @ S > 0)
    dz = (dr + ds @ S.T) * (1 - h ** 2)
    dW = X.T @ dz + e.T @ r
    dS = h.T @ ds
    W -= 0.05 * dW
    S -= 0.05 * dS
    if step % 10 == 0:
        print(step, loss)
