import numpy as np

rng = np.random.RandomState(77)


def g(z):
    return 1 / (1 + np.exp(-z))


sizes = [4, 6, 5, 2]
thetas = [rng.uniform(-1, 1, (b, a)) for a, b in zip(sizes[:-1], sizes[1:])]
X = rng.rand(20, 4)
Y = np.column_stack([X[:, 0] > X[:, 1], X[:, 2] > 0.5]).astype(float)

for sweep in range(6):
    cost = 0.0
    for x, y in zip(X, Y):
        acts = [x]
        for theta in thetas:
            acts.append(g(theta @ acts[-1]))
        cost += 0.5 * np.sum((acts[-1] - y) ** 2)
        d = (acts[-1] - y) * acts[-1] * (1 - acts[-1])
        for l in reversed(range(3)):
            thetas[l] -= 0.5 * np.outer(d, acts[l])
            if l > 0:
                d = (thetas[l].T @ d) * acts[l] * (1 - acts[l])  # expect: stale-weights
    print("sweep", sweep, "cost", cost)
