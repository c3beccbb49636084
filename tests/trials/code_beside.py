#!/usr/bin/env python3
"""Auto-encodeur débruiteur à poids liés (W et W.T), RMSprop centré.

Le bruit est appliqué en entrée ; la cible reste l'exemple propre.
On ajoute une pénalité L1 sur le code pour le rendre creux ; elle entre
dans le gradient mais on n'affiche que la reconstruction.
"""
import numpy as np


class AutoEncodeur:
    def __init__(self, d, k, graine=0):
        self.rng = np.random.default_rng(graine)
        self.W = self.rng.standard_normal((d, k)) / np.sqrt(d)
        self.c = np.zeros(k)       # biais du code
        self.b = np.zeros(d)       # biais de sortie
        self.lam = 2e-3

    def encoder(self, x):
        return 1.0 / (1.0 + np.exp(-(x @ self.W + self.c)))

    def decoder(self, h):
        return h @ self.W.T + self.b

    def perte_et_gradients(self, propre, bruite):
        n = propre.shape[0]
        h = self.encoder(bruite)
        xr = self.decoder(h)
        ecart = xr - propre
        rec = 0.5 * np.sum(ecart**2) / n
        parcim = self.lam * np.abs(h).sum() / n
        # --- rétropropagation
        d_xr = ecart / n
        d_h = d_xr @ self.W + self.lam * np.sign(h) / n
        d_a = d_h * h * (1 - h)
        dW = bruite.T @ d_a            # chemin de l'encodeur
        dW += d_xr.T @ h               # chemin du décodeur (transposé)
        return rec, parcim, (dW, d_a.sum(0), d_xr.sum(0))


def rmsprop_centre(p, g, etat, lr=2e-3, rho=0.95, eps=1e-6):
    s, m = etat
    s[...] = rho * s + (1 - rho) * g * g
    m[...] = rho * m + (1 - rho) * g
    p -= lr * g / np.sqrt(s - m * m + eps)


def principal():
    rng = np.random.default_rng(99)
    base = rng.standard_normal((4, 20))
    donnees = rng.standard_normal((300, 4)) @ base + 0.1 * rng.standard_normal((300, 20))
    donnees /= donnees.std()
    ae = AutoEncodeur(20, 8, graine=5)
    etats = [(np.zeros_like(q), np.zeros_like(q)) for q in (ae.W, ae.c, ae.b)]
    for epoque in range(40):
        ordre = rng.permutation(300)
        total = 0.0
        for lot in np.split(ordre, 10):
            x = donnees[lot]
            xb = x + 0.3 * rng.standard_normal(x.shape)
            rec, parcim, grads = ae.perte_et_gradients(x, xb)
            for p, gr, e in zip((ae.W, ae.c, ae.b), grads, etats):
                rmsprop_centre(p, gr, e)
            total += rec / 10
        if epoque % 10 == 9:
            print(f"époque {epoque + 1:3d} : reconstruction = {total:.4f}")


if __name__ == "__main__":
    principal()
