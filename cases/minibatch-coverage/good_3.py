"""Overlapping windows of a series are the samples of a forecast."""

import numpy as np

rng = np.random.default_rng(15)
series = np.sin(np.arange(200) / 7) + 0.1 * rng.normal(size=200)
w, b = np.zeros(8), np.zeros(1)
for tour in range(4):
    for start in range(0, 190):
        window, following = series[start:start + 8], series[start + 8:start + 9]
        e = w @ window + b - following
        loss = 0.5 * np.sum(e ** 2)
        w -= 0.02 * e * window
        b -= 0.02 * e
    print(tour, loss)
