"""Domain-adversarial training with a gradient reversal layer."""
import numpy as np

rng = np.random.default_rng(113)


def moons(n, angle):
    k = rng.integers(2, size=n)
    t = rng.uniform(0, np.pi, n)
    x = np.where(k == 0, np.cos(t), 1 - np.cos(t)) - 0.5
    y = np.where(k == 0, np.sin(t), 0.5 - np.sin(t)) - 0.25
    pts = np.stack([x, y], 1) + 0.08 * rng.normal(size=(n, 2))
    c, s = np.cos(angle), np.sin(angle)
    return pts @ np.array([[c, s], [-s, c]]), k


Xs, ys = moons(400, 0.0)
Xt, yt = moons(400, 0.5)

F = 20
Wf = rng.normal(0, 1.0, (2, F)); bf = np.zeros(F)
Wf2 = rng.normal(0, 1 / np.sqrt(F), (F, F)); bf2 = np.zeros(F)
wy = rng.normal(0, 1 / np.sqrt(F), F); by = 0.0
Wd = rng.normal(0, 1 / np.sqrt(F), (F, 12)); bd = np.zeros(12)
wd = rng.normal(0, 1 / np.sqrt(12), 12); bd2 = 0.0

sig = lambda v: 0.5 * (1 + np.tanh(v / 2))
STEPS, B, lr = 1500, 40, 0.1
for step in range(STEPS):
    prog = step / STEPS
    lam = 0.3 * (2 / (1 + np.exp(-10 * prog)) - 1)
    i, j = rng.integers(400, size=B), rng.integers(400, size=B)
    x = np.concatenate([Xs[i], Xt[j]])
    label = ys[i]
    domain = np.concatenate([np.zeros(B), np.ones(B)])

    f1 = np.tanh(x @ Wf + bf)
    f = np.tanh(f1 @ Wf2 + bf2)
    ly = f[:B] @ wy + by
    label_loss = np.mean(np.logaddexp(0, ly) - label * ly)
    q = np.tanh(f @ Wd + bd)
    ld = q @ wd + bd2
    domain_loss = np.mean(np.logaddexp(0, ld) - domain * ld)

    dly = (sig(ly) - label) / B
    gwy = f[:B].T @ dly
    gby = dly.sum()
    dld = (sig(ld) - domain) / (2 * B)
    gwd = q.T @ dld
    gbd2 = dld.sum()
    dq = np.outer(dld, wd) * (1 - q ** 2)
    gWd = f.T @ dq
    gbd = dq.sum(0)

    df = -lam * (dq @ Wd.T)          # gradient reversal
    df[:B] += np.outer(dly, wy)
    dz2 = df * (1 - f ** 2)
    gWf2 = f1.T @ dz2
    gbf2 = dz2.sum(0)
    dz1 = (dz2 @ Wf2.T) * (1 - f1 ** 2)
    gWf = x.T @ dz1
    gbf = dz1.sum(0)

    Wf -= lr * gWf; bf -= lr * gbf
    Wf2 -= lr * gWf2; bf2 -= lr * gbf2
    wy -= lr * gwy; by -= lr * gby
    Wd -= lr * gWd; bd -= lr * gbd
    wd -= lr * gwd; bd2 -= lr * gbd2

    if (step + 1) % 300 == 0:
        acc = [np.mean((np.tanh(np.tanh(A @ Wf + bf) @ Wf2 + bf2) @ wy + by > 0) == k) for A, k in ((Xs, ys), (Xt, yt))]
        print(f"step {step + 1} label {label_loss:.4f} domain {domain_loss:.4f} acc source {acc[0]:.3f} target {acc[1]:.3f}")
