import numpy as np

rnd = np.random.RandomState(17)


def dense(n_in, n_out):
    w = rnd.randn(n_out, n_in) * (1.0 / n_in) ** 0.5
    b = np.zeros((n_out, 1))
    memo = {}

    def forward(x):
        memo["x"] = x
        return w @ x + b

    def backward(dy, lr):
        dx = w.T @ dy
        w[...] = w - lr * (dy @ memo["x"].T)
        b[...] = b - lr * dy.sum(axis=1, keepdims=True)
        return dx

    return forward, backward


def swish():
    memo = {}

    def forward(x):
        s = 1 / (1 + np.exp(-x))
        memo["x"], memo["s"] = x, s
        return x * s

    def backward(dy, lr):
        x, s = memo["x"], memo["s"]
        return dy * (s + x * s * (1 - s))

    return forward, backward


def softmax_cols(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def kl(target, q):
    return float(np.sum(target * (np.log(target) - np.log(q))) / target.shape[1])


# distil a fixed random teacher into a small student
teacher = rnd.randn(4, 6)
inputs = rnd.randn(6, 48)
soft_targets = softmax_cols(teacher @ inputs)

net = [dense(6, 11), swish(), dense(11, 7), swish(), dense(7, 4)]

for it in range(150):
    a = inputs
    for fwd, _ in net:
        a = fwd(a)
    q = softmax_cols(a)
    d = (q - soft_targets) / inputs.shape[1]
    if it % 30 == 0:
        print("KL(teacher || student)", round(kl(soft_targets, q), 5))
    for _, bwd in net[::-1]:
        d = bwd(d, 0.3)
