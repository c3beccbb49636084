import numpy as np


class RadialNet:
    def __init__(self, centres, rng):
        self.centres = rng.uniform(-2, 2, (centres, 2))
        self.widths = rng.uniform(0.7, 1.4, centres)
        self.heights = rng.normal(0, 0.4, (centres, 1))

    def predict(self, points):
        self.gaps = points[:, None, :] - self.centres
        self.far = np.sum(self.gaps ** 2, axis=2)
        self.bumps = np.exp(-self.far / (2 * self.widths ** 2))
        return self.bumps @ self.heights

    def learn(self, points, heights, rate):
        off = (self.predict(points) - heights) / len(points)
        slope = off @ self.heights.T * self.bumps
        by_width = slope * self.far / self.widths ** 2  # expect: missing-factor
        by_centre = np.einsum("nk,nkd->kd", slope / self.widths ** 2, self.gaps)
        self.heights -= rate * self.bumps.T @ off
        self.widths -= rate * by_width.sum(axis=0)
        self.centres -= rate * by_centre


rng = np.random.RandomState(8)
points = rng.uniform(-2, 2, (73, 2))
hills = np.sin(2 * points[:, :1]) * np.cos(points[:, 1:])
net = RadialNet(9, rng)
for k in range(90):
    net.learn(points, hills, 0.2)
    if k % 30 == 0:
        print(k, 0.5 * np.mean((net.predict(points) - hills) ** 2))
