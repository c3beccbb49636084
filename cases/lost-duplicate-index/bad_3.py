import numpy as np

np.random.seed(2)
V, D, C = 15, 4, 3
centre = np.random.randn(V, D) * .3
around = np.random.randn(V, D) * .3
stream = np.random.randint(0, V, 400)


def sig(z):
    return 1 / (1 + np.exp(-z))


for it in range(200):
    at = np.random.randint(C, len(stream) - C)
    c = stream[at]
    near = stream[at - C:at]
    far = np.random.randint(0, V, 4 * C)
    rows = np.concatenate([near, far])
    label = np.concatenate([np.ones(C), np.zeros(4 * C)])
    score = around[rows] @ centre[c]
    loss = np.sum(np.logaddexp(0, score) - label * score)

    delta = sig(score) - label
    g_centre = around[rows].T @ delta
    g_around = np.zeros((V, D))
    g_around[rows] -= -np.outer(delta, centre[c])  # expect: lost-duplicate-index
    around -= 0.05 * g_around
    centre[c] -= 0.05 * g_centre
    if it % 50 == 0:
        print(it, loss)
