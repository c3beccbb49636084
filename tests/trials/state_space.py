# Identyfikacja liniowego modelu stanu (bez filtru Kalmana):
#     s[t+1] = A s[t] + B u[t],   y[t] = C s[t] + D u[t]
# Uczymy A, B, C, D oraz stan początkowy s0 z jednego dłuższego przebiegu,
# kawałkami; wczesne zatrzymanie z przywróceniem najlepszych parametrów.
import copy
import numpy as np

los = np.random.default_rng(1920)
NS, NU, NY, DL = 3, 1, 1, 25


def symuluj(th, U):
    s = th['s0']
    stany, wyj = [s], []
    for u in U:
        wyj.append(th['C'] @ s + th['D'] @ u)
        s = th['A'] @ s + th['B'] @ u
        stany.append(s)
    return np.array(wyj), stany


def blad(th, przebiegi, kara=1e-4):
    suma = 0.
    for U, Y in przebiegi:
        yh, _ = symuluj(th, U)
        suma += 0.5 * np.sum((yh - Y) ** 2) / len(U)
    return suma / len(przebiegi) + 0.5 * kara * np.sum(th['A'] ** 2)


def nachylenie(th, przebiegi, kara=1e-4):
    G = {k: np.zeros_like(v) for k, v in th.items()}
    for U, Y in przebiegi:
        yh, st = symuluj(th, U)
        e = (yh - Y) / len(U) / len(przebiegi)
        lam = np.zeros(NS)                       # dL/ds[T]
        for t in range(len(U) - 1, -1, -1):
            G['A'] += np.outer(lam, st[t])
            G['B'] += np.outer(lam, U[t])
            G['C'] += np.outer(e[t], st[t])
            G['D'] += np.outer(e[t], U[t])
            lam = th['A'].T @ lam + th['C'].T @ e[t]
        G['s0'] += lam
    G['A'] += kara * th['A']
    return G


prawda = dict(A=np.array([[.8, .3, 0], [-.3, .8, 0], [0, .1, .5]]), B=np.array([[1.], [0], [.5]]),
              C=np.array([[1., 0, .7]]), D=np.array([[.2]]), s0=np.array([1., -1, 0]))


def przebieg():
    U = los.normal(size=(DL, NU))
    Y, _ = symuluj(prawda, U)
    return U, Y + 0.05 * los.normal(size=Y.shape)


uczace = [przebieg() for _ in range(8)]
walid = [przebieg() for _ in range(4)]
th = dict(A=0.5 * np.eye(NS) + .1 * los.normal(size=(NS, NS)), B=los.normal(size=(NS, NU)) * .5,
          C=los.normal(size=(NY, NS)) * .5, D=np.zeros((NY, NU)), s0=np.zeros(NS))
m = {k: 0 * v for k, v in th.items()}
w = {k: 0 * v for k, v in th.items()}
najlepszy, zapas, cierpliwosc = np.inf, None, 0
for krok in range(1, 201):
    paczka = [uczace[i] for i in los.choice(8, 4, replace=False)]
    g = nachylenie(th, paczka)
    try:
        with np.errstate(all='raise', under='ignore'):
            for k in th:
                m[k] = .9 * m[k] + .1 * g[k]
                w[k] = .99 * w[k] + .01 * g[k] ** 2
                th[k] = th[k] - .03 * (m[k] / (1 - .9 ** krok)) / (np.sqrt(w[k] / (1 - .99 ** krok)) + 1e-8)
    except FloatingPointError as wyjatek:
        print('rozbieżność w kroku', krok, wyjatek)
        th = copy.deepcopy(zapas)
        break
    b = blad(th, walid, kara=0.)
    if b < najlepszy:
        najlepszy, zapas, cierpliwosc = b, copy.deepcopy(th), 0
    else:
        cierpliwosc += 1
        if cierpliwosc > 40:
            print('koniec w kroku', krok)
            break
    if krok % 40 == 0:
        print('krok', krok, 'uczenie %.5f walidacja %.5f' % (blad(th, paczka), b))
th = zapas
print('najlepszy', round(najlepszy, 5), 'moduły wartości własnych', np.abs(np.linalg.eigvals(th['A'])).round(2))
