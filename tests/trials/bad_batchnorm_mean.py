import numpy as np

# Assignment 2, own implementation: affine -> batchnorm -> relu -> affine -> softmax


def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


def batchnorm_forward(x, gamma, beta, eps=1e-5):
    # step by step, following the computational graph
    mu = np.mean(x, axis=0)
    xmu = x - mu
    var = np.mean(xmu ** 2, axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1. / sqrtvar
    xhat = xmu * ivar
    out = gamma * xhat + beta
    return out, (xhat, gamma, xmu, ivar, var, eps)


def batchnorm_backward(dout, cache):
    xhat, gamma, xmu, ivar, var, eps = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    dvar = np.sum(dxhat * xmu, axis=0) * -0.5 * ivar ** 3
    dx = dxhat * ivar + dvar * 2.0 * xmu / N
    return dx, dgamma, dbeta


def relu_forward(x):
    return np.maximum(0, x), x


def relu_backward(dout, x):
    return np.where(x > 0, dout, 0)


def softmax_loss(x, y):
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    N = x.shape[0]
    loss = -np.mean(np.log(p[np.arange(N), y]))
    dx = p
    dx[np.arange(N), y] -= 1
    return loss, dx / N


class BNNet(object):

    def __init__(self, D, H, C, scale=0.3, seed=0):
        r = np.random.RandomState(seed)
        self.params = dict(
            W1=scale * r.randn(D, H), b1=np.zeros(H),
            gamma=np.ones(H), beta=np.zeros(H),
            W2=scale * r.randn(H, C), b2=np.zeros(C))

    def loss(self, X, y=None):
        p = self.params
        a, c1 = affine_forward(X, p['W1'], p['b1'])
        n, c2 = batchnorm_forward(a, p['gamma'], p['beta'])
        h, c3 = relu_forward(n)
        s, c4 = affine_forward(h, p['W2'], p['b2'])
        if y is None:
            return s
        loss, ds = softmax_loss(s, y)
        g = {}
        dh, g['W2'], g['b2'] = affine_backward(ds, c4)
        dn = relu_backward(dh, c3)
        da, g['gamma'], g['beta'] = batchnorm_backward(dn, c2)
        dX, g['W1'], g['b1'] = affine_backward(da, c1)
        return loss, g


def make_blobs(n, D, C, rng):
    y = rng.randint(C, size=n)
    mix = rng.randn(C, D)
    X = mix[y] * 1.2 + rng.randn(n, D) * np.linspace(0.5, 4, D) + 3.0
    return X, y


if __name__ == '__main__':
    rng = np.random.RandomState(1)
    X, y = make_blobs(600, 10, 3, rng)
    net = BNNet(10, 24, 3)
    for it in range(601):
        i = rng.choice(600, 40, replace=False)
        loss, grads = net.loss(X[i], y[i])
        for k in net.params:
            net.params[k] -= 0.2 * grads[k]
        if it % 100 == 0:
            print('%4d  loss %.4f  acc %.3f' % (it, loss, np.mean(net.loss(X).argmax(1) == y)))
