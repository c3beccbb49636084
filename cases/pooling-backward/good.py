import numpy as np

np.random.seed(333)
X = np.random.randn(16, 9, 9) * 0.5
kind = np.arange(16) % 2
X[kind == 0, 4, :] += 1.5
X[kind == 1, :, 4] += 1.5
Y = np.eye(2)[kind]

K = np.random.randn(2, 3, 3) * 0.3
W = np.random.randn(18, 2) * 0.3
b = np.zeros(2)


def conv(X, K):
    out = np.zeros((len(X), len(K), 7, 7))
    for i in range(7):
        for j in range(7):
            out[:, :, i, j] = np.tensordot(X[:, i:i + 3, j:j + 3], K, axes=([1, 2], [1, 2]))
    return out


def pool(A, size=3, stride=2):
    out = np.zeros((A.shape[0], A.shape[1], 3, 3))
    where = np.zeros(out.shape, dtype=int)
    for n, f, i, j in np.ndindex(out.shape):
        window = A[n, f, i * stride:i * stride + size, j * stride:j * stride + size]
        where[n, f, i, j] = np.argmax(window)
        out[n, f, i, j] = window.max()
    return out, where


def unpool(dP, where, shape, size=3, stride=2):
    dA = np.zeros(shape)
    for n, f, i, j in np.ndindex(dP.shape):
        row, col = divmod(where[n, f, i, j], size)
        dA[n, f, i * stride + row, j * stride + col] += dP[n, f, i, j]
    return dA


for epoch in range(30):
    Z = conv(X, K)
    A = np.maximum(Z, 0)
    P, where = pool(A)
    F = P.reshape(len(X), -1)
    S = F @ W + b
    S = np.exp(S - S.max(axis=1, keepdims=True))
    S /= S.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(np.sum(S * Y, axis=1)))

    dS = (S - Y) / len(X)
    dW = F.T @ dS
    db = dS.sum(axis=0)
    dZ = unpool((dS @ W.T).reshape(P.shape), where, A.shape) * (Z > 0)
    dK = np.zeros_like(K)
    for i in range(3):
        for j in range(3):
            dK[:, i, j] = np.sum(dZ * X[:, None, i:i + 7, j:j + 7], axis=(0, 2, 3))
    K -= 0.2 * dK
    W -= 0.2 * dW
    b -= 0.2 * db
    if epoch % 10 == 0:
        print(epoch, loss)
