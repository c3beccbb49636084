import numpy as np

rng = np.random.default_rng(9)


def rectify(z):  # one function for layers of different widths
    return np.maximum(z, 0)


X = rng.normal(size=(45, 6))
t = np.abs(X[:, :2])
sizes = [6, 11, 7, 2]
weights = [rng.normal(size=(a, b)) * np.sqrt(2 / a) for a, b in zip(sizes, sizes[1:])]

for step in range(30):
    values = [X]
    for W in weights[:-1]:
        values.append(rectify(values[-1] @ W))
    out = values[-1] @ weights[-1]
    loss = np.mean((out - t) ** 2)
    d = 2 * (out - t) / t.size
    for k in range(2, -1, -1):
        push = values[k].T @ d
        d = (d @ weights[k].T) * (values[k] > 0)
        weights[k] = weights[k] - 0.05 * push
print(loss)
