import numpy as np


class Tracker:
    """Follows long signals in pieces; the state goes on, the error stops where a piece begins."""

    def __init__(self, inputs, units, rng):
        self.A = rng.normal(0, 0.5, (inputs, units))
        self.R = rng.normal(0, 0.3, (units, units))
        self.s = np.zeros(units)
        self.O = rng.normal(0, 0.4, (units, 1))

    def piece(self, x, y, state):
        states = [state]
        for row in x:
            states.append(np.tanh(row @ self.A + states[-1] @ self.R + self.s))
        errors = [h @ self.O - target for h, target in zip(states[1:], y)]
        loss = sum(np.sum(e ** 2) for e in errors) / (2 * y.size)

        dA, dR, ds, dO = (np.zeros_like(p) for p in (self.A, self.R, self.s, self.O))
        carry = np.zeros_like(state)
        for t in range(len(x))[::-1]:
            e = errors[t] / y.size
            dO += states[t + 1].T @ e
            dz = (e @ self.O.T + carry) * (1 - states[t + 1] ** 2)
            dA += x[t].T @ dz
            dR += states[t].T @ dz
            ds += dz.sum(axis=0)
            carry = dz @ self.R.T
        return loss, (dA, dR, ds, dO), states[-1]

    def descend(self, gradients, rate):
        for p, g in zip((self.A, self.R, self.s, self.O), gradients):
            p -= rate * g


rng = np.random.default_rng(315)
signal = rng.normal(size=(20, 31, 2))
wanted = np.zeros((20, 31, 1))
for t in range(1, 20):
    wanted[t] = 0.6 * wanted[t - 1] + 0.5 * signal[t - 1, :, :1]

tracker, span = Tracker(2, 8, rng), 5
for epoch in range(30):
    state, total = np.zeros((31, 8)), 0.0
    for start in range(0, len(signal), span):
        x, y = signal[start:start + span], wanted[start:start + span]
        loss, gradients, state = tracker.piece(x, y, state)
        tracker.descend(gradients, 0.2)
        total += loss
    if epoch % 10 == 0:
        print(epoch, total * span / len(signal))
