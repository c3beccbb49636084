# columns are samples (Andrew Ng style), arrays in Fortran order because they
# come from an old MATLAB port. Learned activations: PReLU slope per unit in
# layer 1 and swish with a trainable beta in layer 2. Group lasso on the columns
# of W1 (one group = one input feature) for feature selection.
import numpy as np

np.random.seed(1)
m = 200
X = np.asfortranarray(np.random.randn(9, m))
Y = np.sin(X[[0]]) * 2 + np.maximum(X[[1]], 0) + 0.1 * np.random.randn(1, m)
X = np.asfortranarray(X)
n1, n2 = 14, 10
lam = 0.03

W1 = np.asfortranarray(np.random.randn(n1, 9) / 3.0); b1 = np.zeros((n1, 1), order='F')
slope = np.full((n1, 1), 0.25)
W2 = np.asfortranarray(np.random.randn(n2, n1) / np.sqrt(n1)); b2 = np.zeros((n2, 1), order='F')
beta = np.ones((1, 1))
W3 = np.asfortranarray(np.random.randn(1, n2) / np.sqrt(n2)); b3 = np.zeros((1, 1), order='F')

costs = []
vel = {}
def momentum(name, p, g, lr=0.03, mu=0.9):
    # tf1-style: accum = mu*accum + g ; var -= lr*accum
    acc = vel.get(name)
    acc = g.copy(order='F') if acc is None else mu * acc + g
    vel[name] = acc
    np.subtract(p, lr * acc, out=p)

for i in range(500):
    # forward
    Z1 = W1 @ X + b1
    A1 = np.where(Z1 >= 0, Z1, slope * Z1)
    Z2 = W2 @ A1 + b2
    S2 = 1 / (1 + np.exp(-beta * Z2))
    A2 = Z2 * S2
    Yhat = W3 @ A2 + b3
    colnorm = np.sqrt(np.sum(W1 ** 2, axis=0, keepdims=True) + 1e-10)
    mse = np.sum((Yhat - Y) ** 2) / (2 * m)
    cost = mse + lam * np.sum(colnorm)
    costs.append((mse, cost))

    # backward
    dYhat = (Yhat - Y) / m
    dW3 = dYhat @ A2.T
    db3 = np.sum(dYhat, axis=1, keepdims=True)
    dA2 = W3.T @ dYhat
    dS = S2 * (1 - S2)
    dZ2 = dA2 * (S2 + beta * Z2 * dS)
    dbeta = np.sum(dA2 * Z2 * Z2 * dS).reshape(1, 1)
    dW2 = dZ2 @ A1.T
    db2 = np.sum(dZ2, axis=1, keepdims=True)
    dA1 = W2.T @ dZ2
    dslope = np.sum(dA1 * np.minimum(Z1, 0), axis=1, keepdims=True)
    dZ1 = np.where(Z1 >= 0, dA1, slope * dA1)
    dW1 = dZ1 @ X.T + lam * W1 / colnorm
    db1 = np.sum(dZ1, axis=1, keepdims=True)

    for nm, p, g in [('W1', W1, dW1), ('b1', b1, db1), ('s', slope, dslope), ('W2', W2, dW2),
                     ('b2', b2, db2), ('beta', beta, dbeta), ('W3', W3, dW3), ('b3', b3, db3)]:
        momentum(nm, p, g)
    if i % 100 == 0:
        print('Cost after iteration %i: %f (mse part %f)' % (i, cost, mse))

print('swish beta = %.3f, mean prelu slope = %.3f' % (beta[0, 0], slope.mean()))
print('feature norms:', colnorm.ravel().round(3))
