import numpy as np
import matplotlib.pyplot as plt

rng = np.random.RandomState(0)
n_nodes, n_feat, n_hid, n_cls = 24, 5, 7, 3
community = np.repeat([0, 1, 2], 8)
A = (rng.rand(n_nodes, n_nodes) < np.where(community[:, None] == community, 0.5, 0.05)).astype(float)
A = np.triu(A, 1)
A = A + A.T + np.eye(n_nodes)
d = A.sum(1) ** -0.5
S = d[:, None] * A * d[None, :]
feats = rng.randn(n_nodes, n_feat) + 0.3 * community[:, None]
labelled = np.array([0, 1, 9, 10, 17, 18, 20])
onehot = np.eye(n_cls)[community]

theta0 = rng.randn(n_feat, n_hid) * 0.4
theta1 = rng.randn(n_hid, n_cls) * 0.4
cache0, cache1 = np.zeros_like(theta0), np.zeros_like(theta1)
weight_decay = 5e-3
curve = []

SX = S @ feats
for epoch in range(100):
    H_pre = SX @ theta0
    H = np.maximum(H_pre, 0)
    drop = rng.binomial(1, 0.7, H.shape) / 0.7
    SH = S @ (H * drop)
    Z = SH @ theta1
    logZ = Z - Z.max(1, keepdims=True)
    logP = logZ - np.log(np.exp(logZ).sum(1, keepdims=True))
    nll = -(onehot * logP)[labelled].sum() / len(labelled)
    penalty = weight_decay * (theta0 ** 2).sum() / 2
    curve.append(nll + penalty)

    dZ = np.zeros_like(Z)
    dZ[labelled] = (np.exp(logP) - onehot)[labelled] / len(labelled)
    d1 = SH.T @ dZ
    dH = S.T @ (dZ @ theta1.T) * drop
    dH[H_pre <= 0] = 0
    d0 = SX.T @ dH + weight_decay * theta0

    cache0 = 0.9 * cache0 + 0.1 * d0 ** 2
    cache1 = 0.9 * cache1 + 0.1 * d1 ** 2
    theta0 -= 0.02 * d0 / (np.sqrt(cache0) + 1e-7)
    theta1 -= 0.02 * d1 / (np.sqrt(cache1) + 1e-7)

pred = (S @ np.maximum(SX @ theta0, 0) @ theta1).argmax(1)
rest = np.setdiff1d(np.arange(n_nodes), labelled)
print("objective", curve[0], "->", curve[-1], "accuracy on the rest", (pred == community)[rest].mean())
plt.plot(curve)
plt.show()
