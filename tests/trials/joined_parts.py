"""A leaky recurrent unit in float32 whose arrays are joined for the step and cut apart again, as copies."""

import numpy as np

draw = np.random.default_rng(12)


class Leaky:
    def __init__(self, ins, units):
        self.units = units
        self.feed = (draw.normal(size=(units, ins)) * 0.5).astype(np.float32)
        self.back = (draw.normal(size=(units, units)) * 0.3).astype(np.float32)
        self.gate = (draw.normal(size=(units, ins + units)) * 0.3).astype(np.float32)
        self.shift = np.zeros(units, dtype=np.float32)
        self.level = np.zeros(units, dtype=np.float32)

    def run(self, steps):
        self.trace = []
        h = np.zeros(self.units, dtype=np.float32)
        for x in steps.astype(np.float32):
            both = np.concatenate([x, h])
            open_ = 1 / (1 + np.exp(-(self.gate @ both + self.level)))
            fresh = np.tanh(self.feed @ x + self.back @ h + self.shift)
            self.trace.append((x, h, both, open_, fresh))
            h = (1 - open_) * h + open_ * fresh
        return h

    def back_through(self, dh):
        d_feed, d_back, d_gate = np.zeros_like(self.feed), np.zeros_like(self.back), np.zeros_like(self.gate)
        d_shift, d_level = np.zeros_like(self.shift), np.zeros_like(self.level)
        for x, h, both, open_, fresh in reversed(self.trace):
            d_fresh = dh * open_ * (1 - fresh**2)
            d_open = dh * (fresh - h) * open_ * (1 - open_)
            d_feed += np.outer(d_fresh, x)
            d_back += np.outer(d_fresh, h)
            d_gate += np.outer(d_open, both)
            d_shift += d_fresh
            d_level += d_open
            d_both = self.gate.T @ d_open
            dh = dh * (1 - open_) + self.back.T @ d_fresh + d_both[len(x) :]
        self.d_wide = np.concatenate([d_feed.ravel(), d_back.ravel(), d_gate.ravel()])
        self.d_thin = np.concatenate((d_shift, d_level), axis=0)

    def arrays(self):
        wide = np.concatenate([self.feed.ravel(), self.back.ravel(), self.gate.ravel()])
        return wide, np.concatenate((self.shift, self.level), axis=0)

    def take(self, wide, thin):
        a, b = self.feed.size, self.feed.size + self.back.size
        self.feed = wide[:a].reshape(self.feed.shape).astype(np.float32)
        self.back = wide[a:b].reshape(self.back.shape).astype(np.float32)
        self.gate = wide[b:].reshape(self.gate.shape).astype(np.float32)
        self.shift = thin[: self.units].copy()
        self.level = thin[self.units :].copy()


unit = Leaky(2, 5)
read = draw.normal(size=5).astype(np.float32)
signal = np.stack([np.sin(np.arange(90) * 0.3), np.cos(np.arange(90) * 0.17)], axis=1)
for tour in range(6):
    total = 0.0
    for start in range(80):
        h = unit.run(signal[start : start + 8])
        miss = h @ read - signal[start + 8, 0]
        cost = 0.5 * miss**2
        total += cost
        unit.back_through(miss * read)
        wide, thin = unit.arrays()
        unit.take(wide - 0.05 * unit.d_wide, thin - 0.05 * unit.d_thin)
        read -= 0.05 * miss * h
    print(tour, total / 80)
