import numpy as np

np.random.seed(11)
N, D, H1, H2, C = 150, 6, 16, 12, 4
centers = np.random.randn(C, D) * 2
y = np.random.randint(C, size=N)
X = centers[y] + np.random.randn(N, D)

W1 = np.random.randn(D, H1) * np.sqrt(2.0 / D)
gamma1, beta1 = np.ones(H1), np.zeros(H1)
W2 = np.random.randn(H1, H2) * np.sqrt(2.0 / H1)
b2 = np.zeros(H2)
W3 = np.random.randn(H2, C) * np.sqrt(2.0 / H2)
b3 = np.zeros(C)
run_mean, run_var = np.zeros(H1), np.ones(H1)
keep = 0.8
lr = 0.1


def bn_forward(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=0)
    var = x.var(axis=0)
    xhat = (x - mu) / np.sqrt(var + eps)
    return gamma * xhat + beta, (xhat, gamma, var, eps), mu, var


def bn_backward(dout, cache):
    xhat, gamma, var, eps = cache
    m = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    dx = (m * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0)) / (m * np.sqrt(var + eps))
    return dx, dgamma, dbeta


for epoch in range(20):
    for it in range(N // 30):
        sel = np.random.choice(N, 30, replace=False)
        xb, yb = X[sel], y[sel]

        a1 = xb.dot(W1)
        n1, cache, mu, var = bn_forward(a1, gamma1, beta1)
        run_mean = 0.9 * run_mean + 0.1 * mu
        run_var = 0.9 * run_var + 0.1 * var
        h1 = np.maximum(n1, 0)
        mask = (np.random.rand(*h1.shape) < keep) / keep
        d1 = h1 * mask
        a2 = d1.dot(W2) + b2
        h2 = np.maximum(a2, 0)
        logits = h2.dot(W3) + b3
        logits -= logits.max(axis=1, keepdims=True)
        logp = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        loss = -logp[np.arange(30), yb].mean()

        dlogits = np.exp(logp)
        dlogits[np.arange(30), yb] -= 1
        dlogits /= 30
        dW3, db3 = h2.T.dot(dlogits), dlogits.sum(0)
        da2 = dlogits.dot(W3.T) * (a2 > 0)
        dW2, db2 = d1.T.dot(da2), da2.sum(0)
        dn1 = da2.dot(W2.T) * mask * (n1 > 0)
        da1, dgamma1, dbeta1 = bn_backward(dn1, cache)
        dW1 = xb.T.dot(da1)

        W1 -= lr * dW1
        gamma1 -= lr * dgamma1
        beta1 -= lr * dbeta1
        W2 -= lr * dW2
        b2 -= lr * db2
        W3 -= lr * dW3
        b3 -= lr * db3
    if epoch % 5 == 0:
        print('epoch', epoch, 'loss', loss)

h = np.maximum(gamma1 * (X.dot(W1) - run_mean) / np.sqrt(run_var + 1e-5) + beta1, 0)
h = np.maximum(h.dot(W2) + b2, 0)
print('train acc', (h.dot(W3) + b3).argmax(1).__eq__(y).mean())
