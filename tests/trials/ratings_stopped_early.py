import numpy as np
# Matrixfaktorisierung (Filmbewertungen), SGD pro Bewertung, fruehes Stoppen
zufall = np.random.RandomState(11)
nNutzer, nFilme, rang = 40, 30, 4
wahrP = zufall.normal(size=(nNutzer, rang)); wahrQ = zufall.normal(size=(nFilme, rang))
paare = [(u, i) for u in range(nNutzer) for i in range(nFilme) if zufall.rand() < 0.6]
bewertungen = [(u, i, 3.5 + 0.6 * wahrP[u].dot(wahrQ[i]) + 0.3 * zufall.randn()) for u, i in paare]
zufall.shuffle(bewertungen)
grenze = int(0.85 * len(bewertungen))
training, pruefung = bewertungen[:grenze], bewertungen[grenze:]

P = 0.3 * zufall.randn(nNutzer, rang)
Q = 0.3 * zufall.randn(nFilme, rang)
bU = np.zeros(nNutzer)
bI = np.zeros(nFilme)
mittel = np.mean([r for _, _, r in training])
lern, reg = 0.03, 0.08

def vorhersage(u, i):
    return mittel + bU[u] + bI[i] + P[u] @ Q[i]

def rmse(daten):
    return np.sqrt(np.mean([(r - vorhersage(u, i)) ** 2 for u, i, r in daten]))

bestes = np.inf; geduld = 12; ohneFortschritt = 0; gesichert = None
for epoche in range(70):
    for j in zufall.permutation(len(training)):
        u, i, r = training[j]
        fehler = r - vorhersage(u, i)
        # Ziel: 1/2 fehler^2 + reg/2 (|p|^2+|q|^2+bu^2+bi^2)
        alt = P[u].copy()
        P[u] += lern * (fehler * Q[i] - reg * P[u])
        Q[i] += lern * (fehler * alt - reg * Q[i])
        bU[u] += lern * (fehler - reg * bU[u])
        bI[i] += lern * (fehler - reg * bI[i])
    aktuell = rmse(pruefung)
    if aktuell < bestes - 1e-4:
        bestes, ohneFortschritt = aktuell, 0
        gesichert = (P.copy(), Q.copy(), bU.copy(), bI.copy())
    else:
        ohneFortschritt += 1
        if ohneFortschritt >= geduld:
            print('gestoppt in Epoche', epoche)
            break
    if epoche % 10 == 0:
        print('Epoche', epoche, 'Training %.3f  Pruefung %.3f' % (rmse(training), aktuell))
P, Q, bU, bI = gesichert
print('bestes RMSE: %.4f (wiederhergestellt: %.4f)' % (bestes, rmse(pruefung)))
