import math
import random


def poisson_draw(mean):
    limit, k, p = math.exp(-mean), 0, 1.0
    while True:
        p *= random.random()
        if p < limit:
            return k
        k += 1


class PoissonRegression:
    def __init__(self, n):
        self.w = [0.0] * n
        self.b = 0.0

    def rate(self, row, exposure):
        return exposure * math.exp(sum(wi * xi for wi, xi in zip(self.w, row)) + self.b)

    def deviance(self, rows, counts, exposures):
        total = 0.0
        for row, k, e in zip(rows, counts, exposures):
            lam = self.rate(row, e)
            total += lam - k * math.log(lam)
        return total / len(rows)

    def fit(self, rows, counts, exposures, lr=0.1, max_iter=300, tol=1e-7):
        last = self.deviance(rows, counts, exposures)
        for iteration in range(max_iter):
            gw = [0.0] * len(self.w)
            gb = 0.0
            for row, k, e in zip(rows, counts, exposures):
                excess = self.rate(row, e) - k
                for j, xj in enumerate(row):
                    gw[j] += excess * xj
                gb += excess
            self.w = [wj - lr * gj / len(rows) for wj, gj in zip(self.w, gw)]
            self.b -= lr * gb / len(rows)
            now = self.deviance(rows, counts, exposures)
            if last - now < tol:
                break
            last = now
        return iteration, now


random.seed(6)
truth = [0.5, -0.8, 0.0]
rows = [[random.uniform(-1, 1) for _ in truth] for _ in range(60)]
exposures = [random.uniform(0.5, 2.0) for _ in rows]
counts = [poisson_draw(e * math.exp(sum(a * b for a, b in zip(truth, r)) + 0.3)) for r, e in zip(rows, exposures)]

model = PoissonRegression(3)
print("iterations, deviance:", model.fit(rows, counts, exposures))
print("weights:", [round(v, 3) for v in model.w], "bias:", round(model.b, 3))
