"""Adagrad whose squares double in every step; the biases are rows that are added in place, their gradients are vectors."""

import numpy as np

draw = np.random.default_rng(17)
rows = draw.normal(size=(120, 6))
kinds = (rows[:, 0] + rows[:, 1] * rows[:, 2] > 0).astype(int) + (rows[:, 3] > 1)
wanted = np.eye(3)[kinds]


class Squares:
    def __init__(self, shape, rate):
        self.rate = rate
        self.total = np.zeros(shape)

    def move(self, array, slope):
        self.total += self.total + slope * slope
        array -= self.rate * slope / (np.sqrt(self.total) + 1e-7)


class Dense:
    def __init__(self, ins, outs):
        self.mix = draw.normal(size=(ins, outs)) / np.sqrt(ins)
        self.lift = np.zeros((1, outs))
        self.movers = Squares(self.mix.shape, 0.2), Squares(self.lift.shape, 0.2)

    def ahead(self, given):
        self.given = given
        made = given @ self.mix
        made += self.lift
        return made

    def back(self, slope):
        onward = slope @ self.mix.T
        self.movers[0].move(self.mix, self.given.T @ slope)
        self.movers[1].move(self.lift, slope.sum(axis=0))
        return onward


one, two = Dense(6, 9), Dense(9, 3)
for tour in range(5):
    order = draw.permutation(len(rows))
    for start in range(0, len(order), 24):
        some = order[start : start + 24]
        middle = np.tanh(one.ahead(rows[some]))
        scores = two.ahead(middle)
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        cost = -np.sum(wanted[some] * np.log(chances + 1e-9)) / len(some)
        slope = two.back((chances - wanted[some]) / len(some))
        one.back(slope * (1 - middle**2))
    print(tour, cost)
