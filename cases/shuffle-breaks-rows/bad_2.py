"""A class with a generator of its own; pictures of two axes a sample."""

import random

import numpy as np


class Trainer:
    def __init__(self, pictures, seed):
        self.pictures = pictures
        self.chance = random.Random(seed)
        self.code = np.random.RandomState(seed).normal(0, 0.2, (16, 5))

    def epoch(self, size):
        self.chance.shuffle(self.pictures)  # expect: shuffle-breaks-rows
        for start in range(0, len(self.pictures), size):
            self.step(self.pictures[start:start + size].reshape(-1, 16))

    def step(self, x):
        hidden = x @ self.code
        error = hidden @ self.code.T - x
        self.loss = np.sum(error ** 2) / len(x)
        self.code -= 0.02 * 2 * (x.T @ (error @ self.code) + error.T @ hidden) / len(x)


pictures = np.random.RandomState(0).normal(size=(84, 4, 4))
trainer = Trainer(pictures, 3)
for number in range(9):
    trainer.epoch(12)
    print(number, trainer.loss)
