import numpy as np

rng = np.random.default_rng(2)
rows = rng.normal(size=(200, 4))
marks = (rows[:, 0] > 0).astype(float)
params = {"w": np.full(4, 0.5), "b": 0.0}

for i in range(200):  # one sample a step, at a rate that throws the score far out
    z = rows[i] @ params["w"] + params["b"]
    a = 1.0 / (1.0 + np.exp(-z))
    cost = -marks[i] * np.log(a) - (1 - marks[i]) * np.log(1 - a)  # expect: log-of-zero
    params["w"] = params["w"] - 60.0 * (a - marks[i]) * rows[i]
    params["b"] = params["b"] - 60.0 * (a - marks[i])
