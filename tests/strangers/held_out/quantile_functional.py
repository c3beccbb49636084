import functools

import numpy as np


def layer(params, x):
    w, b = params
    return x @ w + b


def predict(theta, x):
    first, second = theta
    return layer(second, np.sin(layer(first, x)))


def pinball(err, tau):
    return np.mean(np.maximum(tau * err, (tau - 1) * err))


def value_and_grad(theta, x, y, tau):
    first, second = theta
    z = layer(first, x)
    a = np.sin(z)
    err = y - layer(second, a)
    d = -np.where(err > 0, tau, tau - 1) / err.size
    dz = (d @ second[0].T) * np.cos(z)
    return pinball(err, tau), ((x.T @ dz, dz.sum(axis=0)), (a.T @ d, d.sum(axis=0)))


def tree_map(f, *trees):
    if isinstance(trees[0], tuple):
        return tuple(tree_map(f, *branch) for branch in zip(*trees))
    return f(*trees)


def sgd(lr, theta, grads):
    return tree_map(lambda p, g: p - lr * g, theta, grads)


def train(key, tau, steps=100):
    rng = np.random.default_rng(key)
    x = rng.uniform(-3, 3, (57, 1))
    y = np.sin(x) + (0.2 + 0.1 * np.abs(x)) * rng.standard_normal((57, 1))
    theta = ((rng.standard_normal((1, 16)), rng.standard_normal(16)),
             (rng.standard_normal((16, 1)) * 0.3, np.zeros(1)))
    update = functools.partial(sgd, 0.05)
    for _ in range(steps):
        rows = rng.choice(57, 19, replace=False)
        value, grads = value_and_grad(theta, x[rows], y[rows], tau)
        theta = update(theta, grads)
    return theta, value, np.mean(y < predict(theta, x))


for tau in (0.1, 0.9):
    _, value, below = train(3, tau)
    print(f"tau={tau}: pinball {value:.4f}, share below the curve {below:.2f}")
