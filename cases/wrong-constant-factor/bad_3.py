import numpy as np


class RatingModel:
    def __init__(self, users, items, rank, seed=0):
        rng = np.random.default_rng(seed)
        self.P = rng.normal(0, 0.3, (users, rank))
        self.Q = rng.normal(0, 0.3, (items, rank))

    def fit(self, R, seen, rounds, rate):
        for k in range(rounds):
            E = (self.P @ self.Q.T - R) * seen
            loss = np.sum(E ** 2)
            dP = 2 * E @ self.Q
            dQ = E.T @ self.P  # expect: wrong-constant-factor
            self.P -= rate * dP
            self.Q -= rate * dQ
            if k % 20 == 0:
                print("round", k, "squared error", loss)


rng = np.random.default_rng(40)
R = rng.integers(1, 6, (15, 11)) - 3.0
RatingModel(15, 11, 4).fit(R, rng.random((15, 11)) < 0.6, 80, 0.01)
