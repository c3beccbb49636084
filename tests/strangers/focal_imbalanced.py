import numpy as np

rng = np.random.default_rng(1)
GAMMA, ALPHA = 2.0, 0.75

# 1 in 8 examples is positive
neg = rng.normal(0.0, 1.0, (140, 4))
pos = rng.normal(1.2, 0.8, (20, 4))
X = np.concatenate([neg, pos])
y = np.r_[np.zeros(140), np.ones(20)]

model = dict(
    hidden=dict(w=rng.normal(0, 0.5, (4, 9)), b=np.zeros(9)),
    out=dict(w=rng.normal(0, 0.5, (9,)), b=np.zeros(1)),
)


def focal(p, y):
    pt = np.where(y == 1, p, 1 - p)
    at = np.where(y == 1, ALPHA, 1 - ALPHA)
    return np.mean(-at * (1 - pt) ** GAMMA * np.log(pt))


def focal_grad(p, y):
    """d focal / d logit"""
    pt = np.where(y == 1, p, 1 - p)
    at = np.where(y == 1, ALPHA, 1 - ALPHA)
    sign = np.where(y == 1, 1.0, -1.0)
    dpt = at * (1 - pt) ** (GAMMA - 1) * (GAMMA * np.log(pt) - (1 - pt) / pt)
    return sign * dpt * pt * (1 - pt) / len(y)


for epoch in range(40):
    order = rng.permutation(len(X))
    for rows in np.array_split(order, 5):
        xb, yb = X[rows], y[rows]
        z = xb @ model['hidden']['w'] + model['hidden']['b']
        a = np.tanh(z)
        logit = a @ model['out']['w'] + model['out']['b']
        p = 1 / (1 + np.exp(-logit))

        d = focal_grad(p, yb)
        grads = dict(out=dict(w=a.T @ d, b=d.sum(keepdims=True)))
        dz = np.outer(d, model['out']['w']) * (1 - a ** 2)
        grads['hidden'] = dict(w=xb.T @ dz, b=dz.sum(0))

        for layer, tensors in grads.items():
            for name, g in tensors.items():
                model[layer][name] -= 1.0 * g
    if epoch % 10 == 0:
        a = np.tanh(X @ model['hidden']['w'] + model['hidden']['b'])
        p = 1 / (1 + np.exp(-(a @ model['out']['w'] + model['out']['b'])))
        print(epoch, focal(p, y), 'recall', (p[y == 1] > 0.5).mean())
