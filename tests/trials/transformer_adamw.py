"""One pre-LN causal transformer block: predict the running sum mod V. AdamW + label smoothing."""
import math

import numpy as np

V, T, D, H, F = 7, 8, 16, 2, 32
DH = D // H
SMOOTH = 0.1
C0 = math.sqrt(2.0 / math.pi)


def layer_norm(x, gain, bias, eps=1e-5):
    mu = x.mean(-1, keepdims=True)
    rstd = 1.0 / np.sqrt(x.var(-1, keepdims=True) + eps)
    xhat = (x - mu) * rstd
    return xhat * gain + bias, (xhat, rstd, gain)


def layer_norm_bwd(dy, cache):
    xhat, rstd, gain = cache
    dgain = (dy * xhat).sum((0, 1))
    dbias = dy.sum((0, 1))
    dxh = dy * gain
    dx = rstd * (dxh - dxh.mean(-1, keepdims=True) - xhat * (dxh * xhat).mean(-1, keepdims=True))
    return dx, dgain, dbias


def gelu(x):
    t = np.tanh(C0 * (x + 0.044715 * x ** 3))
    return 0.5 * x * (1 + t), t


def gelu_bwd(dy, x, t):
    return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * C0 * (1 + 3 * 0.044715 * x * x))


def heads(x):
    return x.reshape(*x.shape[:2], H, DH).transpose(0, 2, 1, 3)


def unheads(x):
    return x.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[2], D)


def init(rng):
    n = lambda *s: rng.normal(0, 1 / math.sqrt(s[0]), s)
    return {
        "tok": rng.normal(0, 0.5, (V, D)), "pos": rng.normal(0, 0.5, (T, D)),
        "g1": np.ones(D), "c1": np.zeros(D), "g2": np.ones(D), "c2": np.zeros(D),
        "Wq": n(D, D), "Wk": n(D, D), "Wv": n(D, D), "Wo": n(D, D),
        "W1": n(D, F), "b1": np.zeros(F), "W2": n(F, D), "b2": np.zeros(D),
        "Wy": n(D, V), "by": np.zeros(V),
    }


MASK = np.triu(np.full((T, T), -1e9), 1)


def forward_backward(p, toks, target):
    B = toks.shape[0]
    x0 = p["tok"][toks] + p["pos"]
    n1, ln1 = layer_norm(x0, p["g1"], p["c1"])
    q, k, v = heads(n1 @ p["Wq"]), heads(n1 @ p["Wk"]), heads(n1 @ p["Wv"])
    s = q @ k.transpose(0, 1, 3, 2) / math.sqrt(DH) + MASK
    s = s - s.max(-1, keepdims=True)
    a = np.exp(s)
    a /= a.sum(-1, keepdims=True)
    ctx = unheads(a @ v)
    x1 = x0 + ctx @ p["Wo"]
    n2, ln2 = layer_norm(x1, p["g2"], p["c2"])
    u = n2 @ p["W1"] + p["b1"]
    f, th = gelu(u)
    x2 = x1 + f @ p["W2"] + p["b2"]
    logits = x2 @ p["Wy"] + p["by"]
    z = logits - logits.max(-1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(-1, keepdims=True))
    soft = np.full((B, T, V), SMOOTH / V)
    soft += (1 - SMOOTH) * np.eye(V)[target]
    loss = -(soft * logp).sum() / (B * T)

    g = {}
    dlog = (np.exp(logp) - soft) / (B * T)
    g["Wy"] = np.einsum("btd,btv->dv", x2, dlog)
    g["by"] = dlog.sum((0, 1))
    dx2 = dlog @ p["Wy"].T
    g["W2"] = np.einsum("btf,btd->fd", f, dx2)
    g["b2"] = dx2.sum((0, 1))
    du = gelu_bwd(dx2 @ p["W2"].T, u, th)
    g["W1"] = np.einsum("btd,btf->df", n2, du)
    g["b1"] = du.sum((0, 1))
    dx1, g["g2"], g["c2"] = layer_norm_bwd(du @ p["W1"].T, ln2)
    dx1 = dx1 + dx2
    g["Wo"] = np.einsum("btc,btd->cd", ctx, dx1)
    dctx = heads(dx1 @ p["Wo"].T)
    da = dctx @ v.transpose(0, 1, 3, 2)
    dv = a.transpose(0, 1, 3, 2) @ dctx
    ds = a * (da - (da * a).sum(-1, keepdims=True)) / math.sqrt(DH)
    dq, dk, dv = unheads(ds @ k), unheads(ds.transpose(0, 1, 3, 2) @ q), unheads(dv)
    dn1 = 0
    for name, d in (("Wq", dq), ("Wk", dk), ("Wv", dv)):
        g[name] = np.einsum("bti,btj->ij", n1, d)
        dn1 = dn1 + d @ p[name].T
    dx0, g["g1"], g["c1"] = layer_norm_bwd(dn1, ln1)
    dx0 = dx0 + dx1
    g["pos"] = dx0.sum(0)
    g["tok"] = np.zeros_like(p["tok"])
    np.add.at(g["tok"], toks, dx0)
    return loss, g, logits.argmax(-1)


def adamw(p, g, m, v, t, lr=4e-3, wd=0.01, b1=0.9, b2=0.98):
    for k in p:
        m[k] = b1 * m[k] + (1 - b1) * g[k]
        v[k] = b2 * v[k] + (1 - b2) * g[k] ** 2
        upd = (m[k] / (1 - b1 ** t)) / (np.sqrt(v[k] / (1 - b2 ** t)) + 1e-8)
        if p[k].ndim == 2:
            upd = upd + wd * p[k]
        p[k] -= lr * upd


def main():
    rng = np.random.default_rng(0)
    p = init(rng)
    m = {k: np.zeros_like(a) for k, a in p.items()}
    v = {k: np.zeros_like(a) for k, a in p.items()}
    for t in range(1, 301):
        toks = rng.integers(0, V, (32, T))
        target = np.cumsum(toks, 1) % V
        loss, g, pred = forward_backward(p, toks, target)
        adamw(p, g, m, v, t)
        if t % 60 == 0:
            print(t, f"loss {loss:.4f} acc {(pred == target).mean():.3f}")


if __name__ == "__main__":
    main()
