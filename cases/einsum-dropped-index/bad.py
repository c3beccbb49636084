import numpy as np

np.random.seed(24)
X = np.random.randn(53, 6)
Y = np.stack([X[:, 0] * X[:, 1], X[:, 2], X[:, 3] - X[:, 4]], axis=1)
W1 = np.random.randn(6, 10) * 0.4
b1 = np.zeros(10)
W2 = np.random.randn(10, 3) * 0.4
b2 = np.zeros(3)

for i in range(60):
    H = np.tanh(np.einsum("ni,ij->nj", X, W1) + b1)
    O = np.einsum("nj,jk->nk", H, W2) + b2
    loss = np.sum((O - Y) ** 2) / len(X)
    D = 2 * (O - Y) / len(X)
    E = np.einsum("nk,jk->nj", D, W2) * (1 - H ** 2)
    G2 = np.einsum("nj,nk->jk", H, D)
    G1 = np.einsum("ni,mj->ij", X, E)  # expect: einsum-dropped-index
    W2 -= 0.05 * G2
    b2 -= 0.05 * D.sum(axis=0)
    W1 -= 0.05 * G1
    b1 -= 0.05 * E.sum(axis=0)
    if i % 20 == 0:
        print(i, loss)
