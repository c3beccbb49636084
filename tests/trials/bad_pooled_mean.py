"""Residual CNN (float32): strided stem, one SELU residual block, global average pooling."""
import numpy as np

A_SELU, S_SELU = np.float32(1.6732632), np.float32(1.0507010)


def selu(x):
    return S_SELU * np.where(x > 0, x, A_SELU * np.expm1(np.minimum(x, 0)))


def d_selu(x):
    return S_SELU * np.where(x > 0, np.float32(1), A_SELU * np.exp(np.minimum(x, 0)))


def conv2d(x, w, stride=1, pad=0):
    k = w.shape[-1]
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    win = np.lib.stride_tricks.sliding_window_view(xp, (k, k), axis=(2, 3))[:, :, ::stride, ::stride]
    return np.einsum("nchwij,ocij->nohw", win, w, optimize=True), (win, xp.shape, stride, pad)


def conv2d_bwd(dy, w, cache):
    win, xshape, stride, pad = cache
    k = w.shape[-1]
    dw = np.einsum("nohw,nchwij->ocij", dy, win, optimize=True)
    dxp = np.zeros(xshape, dtype=dy.dtype)
    H, W = dy.shape[2:]
    for i in range(k):
        for j in range(k):
            dxp[:, :, i:i + stride * H:stride, j:j + stride * W:stride] += np.einsum(
                "nohw,oc->nchw", dy, w[:, :, i, j])
    dx = dxp[:, :, pad:-pad, pad:-pad] if pad else dxp
    return dw, dx


class ResNetTiny:
    def __init__(self, rng, ch=8, classes=3):
        he = lambda *s: (rng.standard_normal(s) / np.sqrt(np.prod(s[1:]))).astype(np.float32)
        z = lambda n: np.zeros(n, np.float32)
        self.p = {"stem": he(ch, 1, 3, 3), "bstem": z(ch), "c1": he(ch, ch, 3, 3), "bc1": z(ch),
                  "c2": he(ch, ch, 3, 3), "bc2": z(ch), "fc": he(classes, ch).T.copy(), "bfc": z(classes)}
        self.mom = {k: np.zeros_like(v) for k, v in self.p.items()}

    def forward(self, x):
        p = self.p
        col = lambda b: b[None, :, None, None]
        z0, k0 = conv2d(x, p["stem"], stride=2)
        z0 = z0 + col(p["bstem"])
        a0 = selu(z0)
        z1, k1 = conv2d(a0, p["c1"], pad=1)
        z1 = z1 + col(p["bc1"])
        a1 = selu(z1)
        z2, k2 = conv2d(a1, p["c2"], pad=1)
        z2 = z2 + col(p["bc2"]) + a0
        a2 = selu(z2)
        feat = a2.mean(axis=(2, 3))
        self.tape = (z0, k0, z1, k1, z2, k2, a2.shape, feat)
        return feat @ p["fc"] + p["bfc"]

    def backward(self, dlogits):
        p = self.p
        z0, k0, z1, k1, z2, k2, shape, feat = self.tape
        g = {"fc": feat.T @ dlogits, "bfc": dlogits.sum(0)}
        dfeat = dlogits @ p["fc"].T
        da2 = np.broadcast_to(dfeat[:, :, None, None], shape) / shape[2]
        dz2 = da2 * d_selu(z2)
        g["bc2"] = dz2.sum((0, 2, 3))
        g["c2"], da1 = conv2d_bwd(dz2, p["c2"], k2)
        dz1 = da1 * d_selu(z1)
        g["bc1"] = dz1.sum((0, 2, 3))
        g["c1"], da0 = conv2d_bwd(dz1, p["c1"], k1)
        dz0 = (da0 + dz2) * d_selu(z0)
        g["bstem"] = dz0.sum((0, 2, 3))
        g["stem"], _ = conv2d_bwd(dz0, p["stem"], k0)
        return g

    def update(self, g, lr, mu=0.9):
        for k in self.p:
            self.mom[k] = mu * self.mom[k] + g[k]
            self.p[k] -= np.float32(lr) * self.mom[k]


def cross_entropy(logits, y):
    z = logits - logits.max(1, keepdims=True)
    prob = np.exp(z)
    prob /= prob.sum(1, keepdims=True)
    n = np.arange(len(y))
    loss = -np.log(prob[n, y]).mean()
    prob[n, y] -= 1
    return loss, prob / np.float32(len(y))


def blobs(rng, n, side=13):
    """0: one blob, 1: a ring, 2: a cross; random position."""
    yy, xx = np.mgrid[:side, :side]
    y = rng.integers(0, 3, n)
    cy, cx = rng.uniform(4, 8, (2, n, 1, 1))
    r = np.hypot(yy - cy, xx - cx)
    shapes = [np.exp(-r ** 2 / 4), np.exp(-(r - 3) ** 2),
              np.exp(-np.minimum(abs(yy - cy), abs(xx - cx)) ** 2) * (r < 4)]
    img = np.choose(y[:, None, None], shapes) + 0.15 * rng.standard_normal((n, side, side))
    return img[:, None].astype(np.float32), y


if __name__ == "__main__":
    rng = np.random.default_rng(50)
    x, y = blobs(rng, 192)
    net = ResNetTiny(rng)
    for epoch in range(10):
        hits = 0
        for idx in np.split(rng.permutation(192), 6):
            logits = net.forward(x[idx])
            loss, dlogits = cross_entropy(logits, y[idx])
            net.update(net.backward(dlogits), lr=0.01 * 0.95 ** epoch)
            hits += (logits.argmax(1) == y[idx]).sum()
        print(f"epoch {epoch} loss {loss:.4f} acc {hits / 192:.3f}")
