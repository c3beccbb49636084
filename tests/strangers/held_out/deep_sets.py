import numpy as np

np.random.seed(2718)

# bags of different length, label = whether the bag holds an "anomaly"; phi -> sum -> rho


def bags(n):
    lens = np.random.randint(2, 8, n)
    items = np.random.randn(lens.sum(), 4)
    starts = np.concatenate(([0], np.cumsum(lens)[:-1]))
    owner = np.repeat(np.arange(n), lens)
    lab = (np.random.rand(n) < 0.5).astype(float)
    for b in range(n):
        if lab[b]:
            items[starts[b], :2] += 3
    return items, starts, owner, lab


phi = np.random.randn(5, 9) * 0.4       # last row is the bias
rho = np.random.randn(10, 1) * 0.4      # last row is the bias
lr, l2 = 0.1, 1e-3

for it in range(150):
    items, starts, owner, lab = bags(18)
    xi = np.c_[items, np.ones(len(items))]
    e = np.tanh(xi @ phi)
    pooled = np.add.reduceat(e, starts, axis=0)
    feat = np.c_[pooled, np.ones(len(pooled))]
    score = (feat @ rho)[:, 0]
    p = 1 / (1 + np.exp(-score))
    bce = np.mean(np.logaddexp(0, score) - lab * score)
    obj = bce + 0.5 * l2 * ((phi[:-1] ** 2).sum() + (rho[:-1] ** 2).sum())

    ds = ((p - lab) / len(lab)).reshape(-1, 1)
    g_rho = feat.T @ ds
    g_rho[:-1] += l2 * rho[:-1]
    de = (ds @ rho[:-1].T)[owner] * (1 - e * e)
    g_phi = xi.T @ de
    g_phi[:-1] += l2 * phi[:-1]

    rho -= lr * g_rho
    phi -= lr * g_phi
    if it % 30 == 0:
        print(it, round(obj, 4), 'acc', np.mean((p > 0.5) == lab))
