import numpy as np

# GAN en una dimension: el generador aprende una normal N(4, 0.5)
rng = np.random.default_rng()

def sigmoide(a):
    return 1.0 / (1.0 + np.exp(-a))

B = 32
nz, hg, hd = 2, 8, 10
tasa_d, tasa_g = 0.05, 0.02

# generador
G1 = rng.normal(0, 0.5, (nz, hg)); g1 = np.zeros(hg)
G2 = rng.normal(0, 0.5, (hg, 1));  g2 = np.zeros(1)
# discriminador
D1 = rng.normal(0, 0.5, (1, hd)); d1 = np.zeros(hd)
D2 = rng.normal(0, 0.5, (hd, 1)); d2 = np.zeros(1)

def generar(z):
    h = np.tanh(z @ G1 + g1)
    return h, h @ G2 + g2

def discriminar(x):
    a = x @ D1 + d1
    h = np.where(a > 0, a, 0.2 * a)
    return a, h, sigmoide(h @ D2 + d2)

for it in range(300):
    # ---- discriminador
    reales = rng.normal(4, 0.5, (B, 1))
    z = rng.normal(size=(B, nz))
    _, falsos = generar(z)

    a_r, h_r, p_r = discriminar(reales)
    a_f, h_f, p_f = discriminar(falsos)
    perdida_d = -np.mean(np.log(p_r) + np.log(1 - p_f))

    e_r = (p_r - 1) / B
    e_f = p_f / B
    b_r = (e_r @ D2.T) * np.where(a_r > 0, 1, 0.2)
    b_f = (e_f @ D2.T) * np.where(a_f > 0, 1, 0.2)
    dD2 = h_r.T @ e_r + h_f.T @ e_f
    dd2 = e_r.sum(0) + e_f.sum(0)
    dD1 = reales.T @ b_r + falsos.T @ b_f
    dd1 = b_r.sum(0) + b_f.sum(0)
    D2 -= tasa_d * dD2
    d2 -= tasa_d * dd2
    D1 -= tasa_d * dD1
    d1 -= tasa_d * dd1

    # ---- generador (perdida no saturante)
    z = rng.normal(size=(B, nz))
    hz, falsos = generar(z)
    a_f, h_f, p_f = discriminar(falsos)
    perdida_g = -np.mean(np.log(p_f))

    e = (p_f - 1) / B
    dx = ((e @ D2.T) * np.where(a_f > 0, 1, 0.2)) @ D1.T
    dh = (dx @ G2.T) * (1 - hz ** 2)
    G2 -= tasa_g * (hz.T @ dx)
    g2 -= tasa_g * dx.sum(0)
    G1 -= tasa_g * (z.T @ dh)
    g1 -= tasa_g * dh.sum(0)

    if it % 100 == 0:
        print(it, 'D', perdida_d, 'G', perdida_g, 'media', falsos.mean())
