# 1D-Faltung -> GroupNorm -> ReLU -> AvgPool -> Linear, Klassifikation von Signalen
# Optimierer: LARS (Trust Ratio pro Tensor), L2 ist hier Teil des Gradienten.
import numpy as np

RNG = np.random.RandomState(2)
LAENGE, KANAELE, KERN, GRUPPEN, KLASSEN = 32, 8, 5, 2, 3
EPS = 1e-5
L2 = 1e-3


def erzeuge(n):
    t = np.arange(LAENGE) / LAENGE
    k = RNG.randint(0, KLASSEN, n)
    ph = RNG.rand(n, 1) * 2 * np.pi
    rein = np.sin(2 * np.pi * t * (2 + 3 * k[:, None]) + ph)
    return rein + 0.3 * RNG.randn(n, LAENGE), k


def fenster(x):
    # Sicht ohne Kopie: (n, T', KERN)
    return np.lib.stride_tricks.sliding_window_view(x, KERN, axis=1)


param = {
    'kern': RNG.randn(KANAELE, KERN) * 0.4,
    'gamma': np.ones(KANAELE),
    'beta': np.zeros(KANAELE),
    'lin': RNG.randn(KANAELE * 4, KLASSEN) * 0.1,
    'off': np.zeros(KLASSEN),
}
puffer = dict((name, np.zeros(a.shape)) for name, a in param.items())


def durchlauf(p, x, k):
    n = len(x)
    F = fenster(x)
    a = np.tensordot(F, p['kern'], axes=(2, 1)).transpose(0, 2, 1)      # n, C, 28
    ag = a.reshape(n, GRUPPEN, -1)
    m = ag.mean(2, keepdims=True)
    sd = np.sqrt(((ag - m) ** 2).mean(2, keepdims=True) + EPS)
    hut = ((ag - m) / sd).reshape(a.shape)
    u = hut * p['gamma'][:, None] + p['beta'][:, None]
    r = np.maximum(u, 0.0)
    pool = r.reshape(n, KANAELE, 4, 7).mean(3)
    z = pool.reshape(n, -1) @ p['lin'] + p['off']
    zs = z - z.max(1, keepdims=True)
    logw = zs - np.log(np.exp(zs).sum(1, keepdims=True))
    verlust = -logw[range(n), k].mean()

    dz = np.exp(logw)
    dz[range(n), k] -= 1.0
    dz /= n
    g = {'lin': pool.reshape(n, -1).T @ dz, 'off': dz.sum(0)}
    dpool = (dz @ p['lin'].T).reshape(pool.shape)
    dr = np.repeat(dpool / 7.0, 7, axis=2)
    du = dr * (u > 0)
    g['gamma'] = (du * hut).sum((0, 2))
    g['beta'] = du.sum((0, 2))
    dh = (du * p['gamma'][:, None]).reshape(n, GRUPPEN, -1)
    hg = hut.reshape(n, GRUPPEN, -1)
    da = (dh - dh.mean(2, keepdims=True) - hg * (dh * hg).mean(2, keepdims=True)) / sd
    g['kern'] = np.tensordot(da.reshape(a.shape), F, axes=([0, 2], [0, 1]))
    for name in ('kern', 'lin'):
        g[name] = g[name] + L2 * p[name]
    return verlust, g, (z.argmax(1) == k).mean()


for schritt in range(120):
    x, k = erzeuge(32)
    verlust, g, quote = durchlauf(param, x, k)
    basis = 0.6 * min(1, (schritt + 1) / 10)
    for name in sorted(param):
        wn, gn = np.linalg.norm(param[name]), np.linalg.norm(g[name])
        vertrauen = 0.05 * wn / (gn + 1e-9) if wn > 0 and gn > 0 else 1.0
        vertrauen = min(vertrauen, 1.0)
        puffer[name] = 0.9 * puffer[name] + basis * vertrauen * g[name]
        param[name] = param[name] - puffer[name]
    if schritt % 20 == 0:
        print('Schritt', schritt, 'Verlust %.4f' % verlust, 'Trefferquote %.2f' % quote)
