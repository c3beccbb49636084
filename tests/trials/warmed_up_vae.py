import numpy as np

# VAE on 2 gaussian rings. All weights are *views* into one flat vector `theta`,
# so adam is four lines.

SHAPES = [("We", (2, 24)), ("be", (24,)), ("Wm", (24, 2)), ("bm", (2,)), ("Ws", (24, 2)), ("bs", (2,)),
          ("Wd", (2, 24)), ("bd", (24,)), ("Wx", (24, 2)), ("bx", (2,))]
TOTAL = sum(int(np.prod(s)) for _, s in SHAPES)


def split(vec):
    out, at = {}, 0
    for name, shp in SHAPES:
        k = int(np.prod(shp))
        out[name] = vec[at:at + k].reshape(shp)
        at += k
    return out


def elbo(w, x, eps, beta):
    n = len(x)
    h = np.tanh(x @ w["We"] + w["be"])
    mu = h @ w["Wm"] + w["bm"]
    lv = h @ w["Ws"] + w["bs"]
    std = np.exp(0.5 * lv)
    z = mu + std * eps
    d = np.tanh(z @ w["Wd"] + w["bd"])
    xh = d @ w["Wx"] + w["bx"]
    rec = np.square(xh - x).sum() / (2 * 0.05 * n)
    kl = -0.5 * (1 + lv - mu ** 2 - np.exp(lv)).sum() / n
    return rec, kl, (h, mu, lv, std, z, d, xh)


def elbo_back(w, x, eps, beta, saved, gvec):
    h, mu, lv, std, z, d, xh = saved
    g = split(gvec)
    n = len(x)
    dxh = (xh - x) / (0.05 * n)
    np.matmul(d.T, dxh, out=g["Wx"])
    np.sum(dxh, axis=0, out=g["bx"])
    dd = (dxh @ w["Wx"].T) * (1 - d * d)
    np.matmul(z.T, dd, out=g["Wd"])
    np.sum(dd, axis=0, out=g["bd"])
    dz = dd @ w["Wd"].T
    dmu = dz + beta * mu / n
    dlv = dz * eps * 0.5 * std + beta * 0.5 * (np.exp(lv) - 1) / n
    np.matmul(h.T, dmu, out=g["Wm"])
    np.sum(dmu, axis=0, out=g["bm"])
    np.matmul(h.T, dlv, out=g["Ws"])
    np.sum(dlv, axis=0, out=g["bs"])
    dh = (dmu @ w["Wm"].T + dlv @ w["Ws"].T) * (1 - h * h)
    np.matmul(x.T, dh, out=g["We"])
    np.sum(dh, axis=0, out=g["be"])


def main():
    rng = np.random.default_rng(5)
    ang = rng.uniform(0, 2 * np.pi, 400)
    rad = np.where(rng.random(400) < 0.5, 1.0, 2.0) + 0.05 * rng.standard_normal(400)
    data = np.c_[rad * np.cos(ang), rad * np.sin(ang)]
    theta = rng.standard_normal(TOTAL) * 0.2
    w = split(theta)
    grad = np.empty(TOTAL)
    m, v = np.zeros(TOTAL), np.zeros(TOTAL)
    for t in range(1, 601):
        x = data[rng.integers(0, 400, 50)]
        eps = rng.standard_normal((50, 2))
        beta = min(1.0, t / 200)            # KL warm-up
        rec, kl, saved = elbo(w, x, eps, beta)
        elbo_back(w, x, eps, beta, saved, grad)
        m += 0.1 * (grad - m)
        v += 0.001 * (grad * grad - v)
        theta -= 5e-3 * np.sqrt(1 - 0.999 ** t) / (1 - 0.9 ** t) * m / (np.sqrt(v) + 1e-8)
        if t % 150 == 0:
            print(f"[{t}] rec={rec:.3f} kl={kl:.3f} beta={beta:.2f}")
    samples = np.tanh(rng.standard_normal((5, 2)) @ w["Wd"] + w["bd"]) @ w["Wx"] + w["bx"]
    print(samples.round(2))


main()
