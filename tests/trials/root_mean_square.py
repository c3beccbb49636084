import numpy as np
rng = np.random.default_rng(2)
N, D, H, C = 48, 5, 9, 3
X = rng.normal(size=(N, D))
lab = np.argmax(X @ rng.normal(size=(D, C)) + .3 * rng.normal(size=(N, C)), 1)
t = np.sin(X @ rng.normal(size=(D, 2))) * 1.5
W1 = rng.normal(size=(D, H)) * .5; b1 = rng.normal(size=H) * .1
W2 = rng.normal(size=(H, 2)) * .5; b2 = rng.normal(size=2) * .1

for it in range(40):
    z1 = X @ W1 + b1
    h = np.abs(z1)
    s = h @ W2 + b2
    r = s - t
    loss = np.sqrt(np.mean(r ** 2))
    ds = r / (r.size * loss)
    gW2 = h.T @ ds; gb2 = ds.sum(0)
    dz = (ds @ W2.T) * np.sign(z1)
    gW1 = X.T @ dz; gb1 = dz.sum(0)
    for P, g in zip((W1, b1, W2, b2), (gW1, gb1, gW2, gb2)):
        P -= 0.05 * g
