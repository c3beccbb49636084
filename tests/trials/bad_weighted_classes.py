import numpy as np
rng = np.random.default_rng(2)
N, D, H, C = 48, 5, 9, 3
X = rng.normal(size=(N, D))
lab = np.argmax(X @ rng.normal(size=(D, C)) + .3 * rng.normal(size=(N, C)), 1)
Y = np.eye(C)[lab]
W1 = rng.normal(size=(D, H)) * .5; b1 = rng.normal(size=H) * .1
W2 = rng.normal(size=(H, 3)) * .5; b2 = rng.normal(size=3) * .1

for it in range(40):
    z1 = X @ W1 + b1
    h = 1 / (1 + np.exp(-z1))
    s = h @ W2 + b2
    e = np.exp(s - s.max(1, keepdims=True)); p = e / e.sum(1, keepdims=True)
    cw = np.array([1., 2., .5])[lab]
    ds = cw[:, None] * (p - Y) / cw.sum()
    gW2 = h.T @ ds; gb2 = ds.sum(0)
    dz = ds @ W2.T
    gW1 = X.T @ dz; gb1 = dz.sum(0)
    for P, g in zip((W1, b1, W2, b2), (gW1, gb1, gW2, gb2)):
        P -= 0.05 * g
