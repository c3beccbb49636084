# Gravitationsmodell fuer Pendlerstroeme zwischen Gemeinden (Poisson)
#   log m_ij = a_i + b_j - beta * log(d_ij) - gamma * grenze_ij
# Schrittweite nimmt mit der Zeit ab.
import numpy as np

zufall = np.random.default_rng(2024)
n = 18
lage = zufall.uniform(0, 60, (n, 2))
kanton = (lage[:, 0] > 30).astype(int)
distanz = np.sqrt(((lage[:, None, :] - lage[None, :, :]) ** 2).sum(-1)) + 2.0
grenze = (kanton[:, None] != kanton[None, :]).astype(float)
ausser_diag = 1.0 - np.eye(n)

einwohner = zufall.lognormal(1.2, .6, n)
stellen = zufall.lognormal(1.0, .8, n)
mittel = np.exp(np.log(einwohner)[:, None] + np.log(stellen)[None, :] - 1.4 * np.log(distanz) - .5 * grenze + 3.0)
fluss = zufall.poisson(mittel) * ausser_diag
summe = fluss.sum()

logd = np.log(distanz)
a = np.full(n, np.log(fluss.mean() + .1))
b = np.zeros(n)
beta = 0.0
gamma = 0.0

rate0 = 1.0
abweichung_alt = np.inf
schritt = 0
while schritt < 3000:
    eta = a[:, None] + b[None, :] - beta * logd - gamma * grenze
    m = np.exp(eta) * ausser_diag
    # negative Log-Likelihood je Pendler (ohne den Fakultaets-Term)
    verlust = (m.sum() - (fluss * eta).sum()) / summe

    rest = (m - fluss) / summe
    grad_a = rest.sum(axis=1)
    grad_b = rest.sum(axis=0)
    grad_beta = -(rest * logd).sum()
    grad_gamma = -(rest * grenze).sum()

    rate = rate0 / (1 + schritt / 2000)
    a -= rate * grad_a
    b -= rate * grad_b
    beta -= .1 * rate * grad_beta
    gamma -= rate * grad_gamma

    if schritt % 300 == 0:
        print(f'{schritt:5d}  Verlust {verlust: .6f}   beta {beta:.3f}  gamma {gamma:.3f}')
        if abs(abweichung_alt - verlust) < 1e-6:
            break
        abweichung_alt = verlust
    schritt += 1

print(f'beta = {beta:.3f} (wahr 1.4), gamma = {gamma:.3f} (wahr 0.5)')
print('Korrelation log(m), log(Fluss):', round(np.corrcoef(np.log(m[fluss > 0]), np.log(fluss[fluss > 0]))[0, 1], 3))
