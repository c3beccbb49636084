"""Robust curve fit: softplus net under a Huber loss, steepest descent with a
backtracking line search.  All parameters are views into one flat vector."""
import copy
import io
import json
from itertools import accumulate, pairwise
from operator import mul
from functools import reduce

import numpy as np

SHAPES = {'W1': (1, 9), 'b1': (9,), 'W2': (9, 1), 'b2': (1,)}
SIZES = [reduce(mul, shape) for shape in SHAPES.values()]
EDGES = [0, *accumulate(SIZES)]
DELTA = 0.3

rng = np.random.default_rng(99)
x = np.linspace(-2, 2, 60).reshape(-1, 1)
y = np.sin(1.7 * x)
y[rng.choice(60, 6, replace=False)] += 2.5          # outliers


def views(flat):
    return {name: flat[a:b].reshape(shape)
            for (name, shape), (a, b) in zip(SHAPES.items(), pairwise(EDGES))}


def objective(flat, want_grad=True):
    p = views(flat)
    z = x @ p['W1'] + p['b1']
    h = np.logaddexp(0, z)
    r = h @ p['W2'] + p['b2'] - y
    small = np.abs(r) <= DELTA
    value = np.where(small, 0.5 * r ** 2, DELTA * (np.abs(r) - 0.5 * DELTA)).mean()
    if not want_grad:
        return value
    dr = np.clip(r, -DELTA, DELTA) / r.size
    dz = (dr @ p['W2'].T) / (1 + np.exp(-z))
    pieces = [x.T @ dz, dz.sum(0), h.T @ dr, dr.sum(0)]
    return value, np.concatenate([piece.ravel() for piece in pieces])


theta = np.concatenate([rng.normal(0, 0.7, size) if len(shape) == 2 else np.zeros(size)
                        for shape, size in zip(SHAPES.values(), SIZES)])
net = views(theta)
best = copy.deepcopy(net)
lowest = np.inf
rate = 1.0
it = 0
while True:
    value, grad = objective(theta)
    if value < lowest:
        lowest, best = value, copy.deepcopy(net)
    if it % 60 == 0:
        print(f'{it:3d}  huber {value:.5f}  |g| {np.linalg.norm(grad):.4f}  rate {rate:.3g}')
    slope = grad @ grad
    while (trial := objective(theta - rate * grad, want_grad=False)) > value - 0.3 * rate * slope:
        rate *= 0.5
        if rate < 1e-12:
            break
    theta -= rate * grad
    rate *= 1.6
    if (it := it + 1) > 300 or slope < 1e-12:
        break

file = io.StringIO()
json.dump({name: array.tolist() for name, array in best.items()}, file)
file.seek(0)
back = {name: np.array(v) for name, v in json.load(file).items()}
assert all(np.array_equal(back[name], best[name]) for name in SHAPES)
print('checkpoint of', file.tell(), 'characters, loss', round(float(lowest), 5))
