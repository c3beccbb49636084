import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log1p

# kernel logistic regression on two rings
gen = np.random.default_rng()
angle = gen.uniform(0, 2 * np.pi, 44)
radius = np.where(np.arange(44) < 22, 1.0, 2.0) + 0.15 * gen.standard_normal(44)
P = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
z = np.where(np.arange(44) < 22, -1.0, 1.0)

sq = ((P[:, None] - P[None]) ** 2).sum(-1)
K = np.exp(-sq)
ridge = 0.05


def objective(alpha):
    f = K @ alpha
    return log1p(np.exp(-z * f)).sum() + 0.5 * ridge * alpha @ K @ alpha


def slope(alpha):
    f = K @ alpha
    return K @ (-z * expit(-z * f)) + ridge * (K @ alpha)


start = np.zeros(44)
result = minimize(objective, start, jac=slope, method="CG", options={"maxiter": 25})
print(result.nit, "iterations, objective", result.fun)
print("training accuracy", np.mean(np.sign(K @ result.x) == z))
