"""Negated log densities of one sample at a time: a narrow density is above one, so its logarithm is above zero."""

import numpy as np

rng = np.random.default_rng(3)
X = rng.normal(size=(200, 4))
y = X @ np.array([1.5, -0.3, 0.2, 0.7]) + 0.02 * rng.normal(size=200)
w, SIGMA = np.array([1.49, -0.29, 0.19, 0.71]), 0.2


def log_density(r):
    return -0.5 * (r * r + np.log(2 * np.pi * SIGMA**2))


for epoch in range(30):
    nll = 0.0
    for xi, yi in zip(X, y):
        r = (yi - w @ xi) / SIGMA
        nll -= log_density(r)
        w -= 0.0005 * -r * xi / SIGMA
    print(epoch, nll)
