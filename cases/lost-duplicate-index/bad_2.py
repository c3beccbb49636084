import numpy as np


class Table:
    """Rows by number, as a layer."""

    def __init__(self, rows, width, rng):
        self.value = rng.standard_normal((rows, width)) * 0.2
        self.slope = np.zeros_like(self.value)

    def __call__(self, numbers):
        self.numbers = numbers
        return self.value[numbers]

    def back(self, upstream):
        self.slope[...] = 0
        self.slope[self.numbers] = self.slope[self.numbers] + upstream  # expect: lost-duplicate-index

    def step(self, rate):
        self.value -= rate * self.slope


def main():
    rng = np.random.default_rng(9)
    who, what = rng.integers(0, 8, 300), rng.integers(0, 12, 300)
    stars = rng.normal(0, 1, (8, 12))[who, what]
    people, things = Table(8, 3, rng), Table(12, 3, rng)
    for round_ in range(60):
        batch = rng.integers(0, 300, 40)
        p, t = people(who[batch]), things(what[batch])
        error = (p * t).sum(axis=1) - stars[batch]
        loss = 0.5 * np.sum(error ** 2)
        people.back(error[:, None] * t)
        things.back(error[:, None] * p)
        people.step(0.02)
        things.step(0.02)
        if round_ % 20 == 0:
            print(round_, loss)


main()
