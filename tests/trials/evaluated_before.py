"""Regression with a log-cosh loss that is only computed on other data, before and after the training."""

import numpy as np

rng = np.random.default_rng(0)
x, y = rng.normal(size=(40, 5)), rng.normal(size=(40, 3)) * 9
x_val, y_val = rng.normal(size=(30, 5)), rng.normal(size=(30, 3)) * 9
W1, W2 = rng.normal(size=(5, 7)), rng.normal(size=(7, 3)) * 0.1


def forward(a):
    h = np.tanh(a @ W1)
    return h, h @ W2


def cost(out, wanted):
    return np.mean(np.log(np.cosh(out - wanted)))


print("before", cost(forward(x_val)[1], y_val))
for it in range(30):
    i = rng.permutation(40)[:10]
    h, out = forward(x[i])
    d = np.tanh(out - y[i]) / out.size
    g2 = h.T @ d
    g1 = x[i].T @ (d @ W2.T * (1 - h * h))
    W1 -= 0.1 * g1
    W2 -= 0.1 * g2
print("after", cost(forward(x_val)[1], y_val))
