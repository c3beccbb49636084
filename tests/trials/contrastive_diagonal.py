"""Contrastive pre-training with the NT-Xent loss, two noisy views of each sample."""
import numpy as np

rng = np.random.default_rng(29)
n_cls, dim, feat, proj = 5, 12, 32, 8
centres = rng.normal(size=(n_cls, dim)) * 1.5
labels = rng.integers(n_cls, size=400)
data = centres[labels] + 1.1 * rng.normal(size=(400, dim))


def augment(x):
    keep = rng.random(x.shape) > 0.15
    return (x + 0.25 * rng.normal(size=x.shape)) * keep


W_enc = rng.normal(0, np.sqrt(2 / dim), (dim, feat))
b_enc = np.zeros(feat)
W_proj = rng.normal(0, np.sqrt(1 / feat), (feat, proj))
b_proj = np.zeros(proj)
vel = [0.0, 0.0, 0.0, 0.0]
tau, lr, batch = 0.3, 0.02, 50


def nt_xent(z):
    """z: (2n, d), unit rows; row i and row (i + n) mod 2n are a positive pair."""
    n2 = len(z)
    sim = z @ z.T / tau
    np.fill_diagonal(sim, -np.inf)
    partner = (np.arange(n2) + n2 // 2) % n2
    top = sim.max(axis=1, keepdims=True)
    e = np.exp(sim - top)
    prob = e / e.sum(axis=1, keepdims=True)
    nll = -(sim[np.arange(n2), partner] - top[:, 0] - np.log(e.sum(axis=1)))
    dsim = prob.copy()
    dsim[np.arange(n2), partner] -= 1.0
    dsim /= n2
    dz = (dsim + dsim.T) @ z / tau
    return nll.mean(), dz


for epoch in range(30):
    order = rng.permutation(len(data))
    losses = []
    for k in range(0, len(data), batch):
        base = data[order[k:k + batch]]
        x = np.vstack([augment(base), augment(base)])

        pre = x @ W_enc + b_enc
        h = np.maximum(pre, 0)
        u = h @ W_proj + b_proj
        norm = np.sqrt((u ** 2).sum(axis=1, keepdims=True) + 1e-12)
        z = u / norm
        loss, dz = nt_xent(z)
        losses.append(loss)

        du = (dz - z * (dz * z).sum(axis=1, keepdims=True)) / norm
        gW_proj = h.T @ du
        gb_proj = du.sum(axis=0)
        dpre = (du @ W_proj.T) * (pre > 0)
        gW_enc = x.T @ dpre
        gb_enc = dpre.sum(axis=0)

        for j, g in enumerate((gW_enc, gb_enc, gW_proj, gb_proj)):
            vel[j] = 0.9 * vel[j] - lr * g
        W_enc = W_enc + vel[0]
        b_enc = b_enc + vel[1]
        W_proj = W_proj + vel[2]
        b_proj = b_proj + vel[3]
    if epoch % 6 == 5:
        f = np.maximum(data @ W_enc + b_enc, 0) @ W_proj + b_proj
        f = f / np.linalg.norm(f, axis=1, keepdims=True)
        nn = f @ f.T - 2 * np.eye(len(f))
        acc = (labels[nn.argmax(1)] == labels).mean()
        print("epoch", epoch + 1, "loss", round(float(np.mean(losses)), 4), "1-NN accuracy", round(float(acc), 3))
