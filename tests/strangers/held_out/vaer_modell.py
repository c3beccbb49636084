# Været i morgen: sol, skyer eller regn? Flettet nettverk med to skjulte lag, uten kostnadsfunksjon
import numpy as np

tilfeldig = np.random.RandomState()
DAGER, MÅL, SKJULT, SKJULT2, VÆR = 140, 6, 13, 7, 3


def lag_data():
    målinger = tilfeldig.randn(MÅL, DAGER)
    vekt = tilfeldig.randn(VÆR, MÅL)
    svar = (vekt @ np.tanh(målinger)).argmax(axis=0)
    return målinger, svar


def softsign(v):
    return v / (1 + np.abs(v))


målinger, svar = lag_data()
fasit = (np.arange(VÆR)[:, None] == svar).astype(float)

lag = {
    'inn': tilfeldig.randn(SKJULT, MÅL + 1) * 0.3,
    'midt': tilfeldig.randn(SKJULT2, SKJULT + 1) * 0.3,
    'ut': tilfeldig.randn(VÆR, SKJULT2 + 1) * 0.3,
}


def med_en(m):
    return np.vstack([m, np.ones((1, m.shape[1]))])


def framover(x):
    a = med_en(x)
    s1 = lag['inn'] @ a
    b = med_en(softsign(s1))
    s2 = lag['midt'] @ b
    c = med_en(softsign(s2))
    poeng = np.exp(lag['ut'] @ c)
    return a, s1, b, s2, c, poeng / poeng.sum(axis=0)


treff = []
for runde in range(40):
    rekke = tilfeldig.permutation(DAGER)
    for bit in np.array_split(rekke, 4):
        a, s1, b, s2, c, sjanse = framover(målinger[:, bit])
        feil = fasit[:, bit] - sjanse
        bak2 = (lag['ut'][:, :-1].T @ feil) / (1 + np.abs(s2)) ** 2
        bak1 = (lag['midt'][:, :-1].T @ bak2) / (1 + np.abs(s1)) ** 2
        lag['ut'] = lag['ut'] + 0.02 * feil @ c.T
        lag['midt'] = lag['midt'] + 0.02 * bak2 @ b.T
        lag['inn'] = lag['inn'] + 0.02 * bak1 @ a.T
    treff.append(np.mean(framover(målinger)[-1].argmax(axis=0) == svar))
print('treff', treff[::8])
