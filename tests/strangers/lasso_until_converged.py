"""Least absolute deviations with an L1 penalty, one feature and an intercept. No libraries."""
from random import gauss, uniform


def sign(v):
    return (v > 0) - (v < 0)


points = []
for _ in range(31):
    px = uniform(-3, 3)
    points.append((px, 1.8 * px - 0.7 + gauss(0, 0.2)))

slope, intercept = 0.1, 0.2
lam = 0.01
rate = 0.05
previous = float("inf")
converged = False
rounds = 0

while not converged:
    d_slope = d_intercept = 0.0
    objective = 0.0
    for px, py in points:
        r = slope * px + intercept - py
        objective += abs(r)
        d_slope += sign(r) * px
        d_intercept += sign(r)
    objective = objective / len(points) + lam * abs(slope)
    d_slope = d_slope / len(points) + lam * sign(slope)
    d_intercept = d_intercept / len(points)

    slope -= rate * d_slope
    intercept -= rate * d_intercept

    rounds += 1
    rate *= 0.99
    converged = abs(previous - objective) < 1e-6 or rounds > 400
    previous = objective

print("after", rounds, "rounds:", slope, intercept, "objective", objective)
