from collections import namedtuple

import numpy as np

Cell = namedtuple("Cell", "Wx Wh b")


def new_cell(n_in, n_hidden, random):
    return Cell(random.uniform(-.4, .4, (n_in, n_hidden)),
                random.uniform(-.4, .4, (n_hidden, n_hidden)),
                np.zeros((1, n_hidden)))


def forward(cell, x, h):
    return np.tanh(x @ cell.Wx + h @ cell.Wh + cell.b)


def backward(cell, x, h, h_new, dh_new):
    d = dh_new * (1 - h_new ** 2)
    return d @ cell.Wh.T, Cell(x.T @ d, h.T @ d, d.sum(0, keepdims=True))


def add(left, right):
    return Cell(*(a + b for a, b in zip(left, right)))
