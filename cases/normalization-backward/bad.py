import numpy as np

np.random.seed(320)
X = np.random.rand(54, 5) * 2
y = (X[:, :1] * X[:, 1:2] - X[:, 2:3]) * 0.8
N = len(X)

W1 = np.random.randn(5, 9) * 0.5
gamma = np.ones(9)
beta = np.zeros(9)
W2 = np.random.randn(9, 1) * 0.4
b2 = np.zeros(1)

for epoch in range(80):
    z = X @ W1
    mu = z.mean(axis=0)
    xmu = z - mu
    var = np.mean(xmu ** 2, axis=0)
    sqrtvar = np.sqrt(var + 1e-5)
    ivar = 1 / sqrtvar
    xhat = xmu * ivar
    u = gamma * xhat + beta
    a = np.maximum(u, 0)
    out = a @ W2 + b2
    loss = 0.5 * np.sum((out - y) ** 2) / N

    dout = (out - y) / N
    dW2 = a.T @ dout
    db2 = dout.sum(axis=0)
    du = (dout @ W2.T) * (u > 0)
    dgamma = np.sum(du * xhat, axis=0)
    dbeta = np.sum(du, axis=0)
    dxhat = du * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dsqrtvar = -divar / sqrtvar ** 2
    dvar = 0.5 * dsqrtvar / sqrtvar
    dxmu1 = dxhat * ivar
    dxmu2 = 2 * xmu * dvar / N
    dz = dxmu1 + dxmu2  # expect: normalization-backward
    dW1 = X.T @ dz

    W1 -= 0.1 * dW1
    gamma -= 0.1 * dgamma
    beta -= 0.1 * dbeta
    W2 -= 0.1 * dW2
    b2 -= 0.1 * db2
    if epoch % 20 == 0:
        print(epoch, loss)
