import numpy as np

np.random.seed(112)
xs = np.random.rand(15, 4)
ys = np.column_stack([xs.sum(axis=1) / 4, xs[:, 0]])
layers = [np.random.randn(6, 4) * 0.8, np.random.randn(2, 6) * 0.8]
totals = [np.zeros_like(w) for w in layers]

for epoch in range(20):
    cost = 0.0
    for x, y in zip(xs, ys):
        h = 1 / (1 + np.exp(-layers[0] @ x))
        o = layers[1] @ h
        cost += 0.5 * np.sum((o - y) ** 2) / len(xs)
        d = (o - y) / len(xs)
        totals[1] += np.outer(d, h)  # expect: gradient-not-reset
        totals[0] += np.outer(layers[1].T @ d * h * (1 - h), x)
    for w, t in zip(layers, totals):
        w -= 0.1 * t
    if epoch % 5 == 0:
        print(epoch, cost)
