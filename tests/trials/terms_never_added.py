# VAE em NumPy: imagens 4x4 com uma linha ou coluna acesa. A reconstrucao e a KL nunca sao somadas
import numpy as np

rng = np.random.default_rng(16)
N, D, Hn, Z = 64, 16, 12, 2


def gera():
    x = np.zeros((N, 4, 4))
    for k in range(N):
        if rng.random() < 0.5:
            x[k, rng.integers(4), :] = 1
        else:
            x[k, :, rng.integers(4)] = 1
    return x.reshape(N, D)


def logistica(a):
    return 1 / (1 + np.exp(-a))


def inicia(i, o):
    return rng.normal(0, 1 / np.sqrt(i), (i, o))


par = {
    "We": inicia(D, Hn), "be": np.zeros(Hn),
    "Wmu": inicia(Hn, Z), "bmu": np.zeros(Z),
    "Wlv": inicia(Hn, Z), "blv": np.zeros(Z),
    "Wd": inicia(Z, Hn), "bd": np.zeros(Hn),
    "Wx": inicia(Hn, D), "bx": np.zeros(D),
}


def passo(par, x, eps):
    n = len(x)
    he = np.tanh(x @ par["We"] + par["be"])
    mu = he @ par["Wmu"] + par["bmu"]
    lv = he @ par["Wlv"] + par["blv"]
    dp = np.exp(0.5 * lv)
    z = mu + dp * eps
    hd = np.tanh(z @ par["Wd"] + par["bd"])
    xr = logistica(hd @ par["Wx"] + par["bx"])

    rec = -np.sum(x * np.log(xr + 1e-12) + (1 - x) * np.log(1 - xr + 1e-12)) / n
    kl = 0.5 * np.sum(mu ** 2 + np.exp(lv) - lv - 1) / n

    g = {}
    dxr = (xr - x) / n
    g["Wx"], g["bx"] = hd.T @ dxr, dxr.sum(0)
    dhd = (dxr @ par["Wx"].T) * (1 - hd ** 2)
    g["Wd"], g["bd"] = z.T @ dhd, dhd.sum(0)
    dz = dhd @ par["Wd"].T
    dmu = dz + mu / n
    dlv = dz * eps * 0.5 * dp + 0.5 * (np.exp(lv) - 1) / n
    g["Wmu"], g["bmu"] = he.T @ dmu, dmu.sum(0)
    g["Wlv"], g["blv"] = he.T @ dlv, dlv.sum(0)
    dhe = (dmu @ par["Wmu"].T + dlv @ par["Wlv"].T) * (1 - he ** 2)
    g["We"], g["be"] = x.T @ dhe, dhe.sum(0)
    return rec, kl, g


x = gera()
for it in range(101):
    eps = rng.normal(size=(N, Z))
    rec, kl, g = passo(par, x, eps)
    for k in par:
        par[k] -= 0.1 * g[k]
    if it % 200 == 0:
        print(f"it {it} rec {rec:.3f} kl {kl:.3f}")
