import numpy as np

# RBF-Netz: Zentren, Breiten und Ausgangsgewichte werden alle gelernt

zufall = np.random.default_rng(77)
eingabe = zufall.uniform(-1, 1, (2, 70))
soll = np.exp(-((eingabe[0] - 0.3) ** 2 + eingabe[1] ** 2) * 4) - 0.5 * eingabe[1]

anzahl = 9
zentren = zufall.uniform(-1, 1, (2, anzahl))
logbreite = np.zeros(anzahl)
gewicht = zufall.normal(0, 0.2, anzahl)
versatz = 0.0
rate = 0.15

for durchgang in range(150):
    abstand = eingabe[:, :, None] - zentren[:, None, :]       # 2 x 70 x 9
    quadrat = (abstand ** 2).sum(axis=0)
    beta = np.exp(logbreite)
    phi = np.exp(-beta * quadrat)
    ist = phi @ gewicht + versatz
    fehler = soll - ist

    if durchgang % 30 == 0:
        print("Durchgang", durchgang, "Fehlerquadratsumme", fehler @ fehler)

    delta = fehler / fehler.size
    d_phi = np.outer(delta, gewicht) * phi
    d_zentren = 2 * beta * np.einsum('ij,kij->kj', d_phi, abstand)
    d_logbreite = -(d_phi * quadrat).sum(axis=0) * beta
    gewicht += rate * (delta @ phi)
    versatz += rate * delta.sum()
    zentren += rate * d_zentren
    logbreite += rate * d_logbreite
