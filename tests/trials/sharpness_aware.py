# Multi-label tagging with SAM (sharpness-aware minimisation):
#   1) gradient at w, climb to w + rho*g/|g|
#   2) gradient there, descend from the ORIGINAL w
import numpy as np

def init(rng, dims):
    return [(rng.normal(0, 1 / np.sqrt(i), (i, o)), np.zeros(o)) for i, o in zip(dims, dims[1:])]

def make_loss(x, t, pos_weight):
    """closure: weights -> (loss, grads). mean over samples AND labels."""
    def fn(layers):
        acts = [x]
        for n, (W, b) in enumerate(layers):
            a = acts[-1] @ W + b
            acts.append(a if n == len(layers) - 1 else a / (1 + np.abs(a)))     # softsign
        z = acts[-1]
        loss = np.mean(pos_weight * t * np.logaddexp(0, -z) + (1 - t) * np.logaddexp(0, z))
        p = 1 / (1 + np.exp(-z))
        d = (pos_weight * t * (p - 1) + (1 - t) * p) / z.size
        out = []
        for n in range(len(layers) - 1, -1, -1):
            W, b = layers[n]
            out.append((acts[n].T @ d, d.sum(0)))
            if n > 0:
                d = (d @ W.T) * (1 - np.abs(acts[n])) ** 2
        return loss, out[::-1]
    return fn

rng = np.random.default_rng(0)
X = rng.normal(size=(256, 10))
proj = rng.normal(size=(10, 4))
T = ((X @ proj) ** 2 > 14).astype(float)
pw = (1 - T.mean(0)) / T.mean(0)

layers = init(rng, (10, 24, 24, 4))
mom = [(np.zeros_like(W), np.zeros_like(b)) for W, b in layers]
rho, lr = 0.05, 0.3
for step in range(300):
    pick = rng.integers(0, 256, 64)
    closure = make_loss(X[pick], T[pick], pw)
    loss, g = closure(layers)
    norm = np.sqrt(sum(np.sum(gW ** 2) + np.sum(gb ** 2) for gW, gb in g)) + 1e-12
    perturbed = [(W + rho / norm * gW, b + rho / norm * gb) for (W, b), (gW, gb) in zip(layers, g)]
    loss_adv, g_adv = closure(perturbed)
    mom = [(0.8 * mW + gW, 0.8 * mb + gb) for (mW, mb), (gW, gb) in zip(mom, g_adv)]
    layers = [(W - lr * mW, b - lr * mb) for (W, b), (mW, mb) in zip(layers, mom)]
    if step % 60 == 59:
        full, _ = make_loss(X, T, pw)(layers)
        print(f"step {step+1}: batch {loss:.4f} / adv {loss_adv:.4f} / full {full:.4f}")
