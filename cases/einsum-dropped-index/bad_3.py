import numpy as np

rs = np.random.RandomState(81)


def sigma(z):
    return 1 / (1 + np.exp(-z))


# a batch is a stack of column matrices: (sample, unit, 4 columns)
sizes = [5, 9, 2]
weights = [rs.randn(n, m) * 0.5 for m, n in zip(sizes, sizes[1:])]
biases = [np.zeros((n, 1)) for n in sizes[1:]]
x = rs.rand(16, 5, 4)
y = np.stack([x.mean(axis=1), x.max(axis=1)], axis=1)

for epoch in range(60):
    a = [x]
    for w, b in zip(weights, biases):
        a.append(sigma(np.einsum("ij,sjk->sik", w, a[-1]) + b))
    cost = 0.5 * np.sum((a[-1] - y) ** 2) / len(x)
    delta = (a[-1] - y) * a[-1] * (1 - a[-1]) / len(x)
    for l in (1, 0):
        nabla = np.einsum("ijk,ilm->jl", delta, a[l])  # expect: einsum-dropped-index
        nabla_b = delta.sum(axis=(0, 2))[:, None]
        if l:
            delta = np.einsum("ji,sjk->sik", weights[l], delta) * a[l] * (1 - a[l])
        weights[l] = weights[l] - 0.05 * nabla
        biases[l] = biases[l] - 0.05 * nabla_b
    if epoch % 20 == 0:
        print(epoch, cost)
