# do two "users" match? two towers with shared weights.
# score = cosine(W a, W b) rescaled by a bilinear gate; restarts, keep the best.
#
#   contrastive loss on the cosine:  match: (1 - cos)^2 ; no match: max(0, cos - m)^2
#   bilinear head:  BCE(logit = f(a)' R f(b) + r0)
#   total = contrastive + 0.5 * bce
import numpy as np

def toy(rng, n=200, d=7):
    a = rng.normal(size=(n, d)); lab = rng.integers(0, 2, n)
    mix = np.diag(np.linspace(1.5, -1.0, d))
    b = np.where(lab[:, None] == 1, a @ mix + 0.4 * rng.normal(size=(n, d)), rng.normal(size=(n, d)) * 1.1)
    return a, b, lab.astype(float)

def objective_and_grad(p, a, b, lab, margin=0.1):
    n = len(lab)
    # two separate projections followed by tanh
    f, g = np.tanh(a @ p['A']), np.tanh(b @ p['B'])
    nf, ng = np.linalg.norm(f, axis=1), np.linalg.norm(g, axis=1)
    cos = np.einsum('ij,ij->i', f, g) / (nf * ng)
    gap = np.where(lab == 1, 1 - cos, np.maximum(0, cos - margin))
    logit = np.einsum('ij,jk,ik->i', f, p['R'], g) + p['r0']
    bce = np.maximum(logit, 0) - logit * lab + np.log1p(np.exp(-np.abs(logit)))
    total = np.mean(gap ** 2) + 0.5 * np.mean(bce)
    dcos = np.where(lab == 1, -2 * gap, 2 * gap) / n
    dlogit = 0.5 * (1 / (1 + np.exp(-logit)) - lab) / n
    df = dcos[:, None] * (g / (nf * ng)[:, None] - (cos / nf ** 2)[:, None] * f) + dlogit[:, None] * (g @ p['R'].T)
    dg = dcos[:, None] * (f / (nf * ng)[:, None] - (cos / ng ** 2)[:, None] * g) + dlogit[:, None] * (f @ p['R'])
    grad = {'R': np.einsum('i,ij,ik->jk', dlogit, f, g), 'r0': dlogit.sum(keepdims=True),
            'A': a.T @ (df * (1 - f * f)), 'B': b.T @ (dg * (1 - g * g))}
    return total, grad, logit

class History(list):
    def on_epoch(self, **kw):
        self.append(kw)

def fit(seed, data, epochs=60, width=5):
    rng = np.random.default_rng(seed)
    a, b, lab = data
    p = {'A': rng.normal(size=(a.shape[1], width)) * .4, 'B': rng.normal(size=(a.shape[1], width)) * .4,
         'R': np.eye(width) * .1, 'r0': np.zeros(1)}
    before = {k: v.copy() for k, v in p.items()}
    hist = History()
    for ep in range(epochs):
        loss, grad, _ = objective_and_grad(p, a, b, lab)
        # heavy ball, written with the previous iterate
        new = {k: p[k] - 0.4 * grad[k] + 0.9 * (p[k] - before[k]) for k in p}
        before, p = p, new
        hist.on_epoch(epoch=ep, loss=loss, gnorm=max(np.abs(v).max() for v in grad.values()))
    return p, hist

data = toy(np.random.default_rng(100))
test = toy(np.random.default_rng(101))
best = None
for seed in range(4):
    p, hist = fit(seed, data)
    final, _, logit = objective_and_grad(p, *test)
    print('restart', seed, 'train', round(hist[-1]['loss'], 4), 'test', round(final, 4), 'acc', np.mean((logit > 0) == (test[2] == 1)))
    if best is None or final < best[0]:
        best = (final, seed)
print('keeping restart', best[1])
