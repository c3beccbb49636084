"""A function copies what it is given, updates the copies in place and returns them: weights, and the squares of Adagrad."""

import numpy as np

draw = np.random.default_rng(21)
rows = draw.normal(size=(90, 4))
wanted = np.tanh(rows[:, :1] - 0.5 * rows[:, 1:2] * rows[:, 2:3])


def improved(rows, wanted, first, last, squares, rate):
    first, last = first.copy(), np.array(last)
    squares = [s.copy() for s in squares]
    seen = squares[0]
    others = squares[1]
    hidden = np.tanh(rows @ first)
    miss = hidden @ last - wanted
    cost = np.mean(miss**2)
    d_miss = 2 * miss / len(rows)
    d_first = np.zeros(first.shape)
    for i in range(len(rows)):
        d_first += np.outer(rows[i], d_miss[i] @ last.T * (1 - hidden[i] ** 2))
    d_last = hidden.T @ d_miss
    seen += d_first**2
    others += d_last**2
    first -= rate * d_first / (np.sqrt(seen) + 1e-8)
    last -= rate * d_last / (np.sqrt(others) + 1e-8)
    return cost, first, last, [seen, others]


first = draw.normal(size=(4, 6)) * 0.5
last = draw.normal(size=(6, 1)) * 0.5
squares = [np.zeros((4, 6)), np.zeros((6, 1))]
for tour in range(120):
    cost, first, last, squares = improved(rows, wanted, first, last, squares, 0.1)
    if tour % 40 == 0:
        print(tour, cost)
