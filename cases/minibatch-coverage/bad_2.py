"""Slices of ten, begun sixteen rows apart: six of every sixteen rows are never used."""

import numpy as np


def parts(points, flags, length, apart):
    for start in range(0, points.shape[0] - length, apart):
        stop = start + length
        yield points[start:stop], flags[start:stop]  # expect: minibatch-coverage


rng = np.random.default_rng(19)
points = rng.normal(size=(160, 3))
flags = (points[:, :1] + points[:, 1:2] ** 2 > 0.5) * 1.0
U, a = rng.normal(0, 0.5, (3, 8)), np.zeros(8)
v = rng.normal(0, 0.5, (8, 1))
for tour in range(6):
    mixed = rng.permutation(160)
    for x, f in parts(points[mixed], flags[mixed], 10, 16):
        h = np.tanh(x @ U + a)
        p = 1 / (1 + np.exp(-h @ v))
        loss = -np.mean(f * np.log(p) + (1 - f) * np.log(1 - p))
        up = (p - f) / len(f)
        down = up @ v.T * (1 - h ** 2)
        v -= 0.5 * h.T @ up
        U -= 0.5 * x.T @ down
        a -= 0.5 * down.sum(axis=0)
    print(tour, loss)
