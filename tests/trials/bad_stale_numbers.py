# rede neural em python puro, uma amostra por vez  (lista 5, exercicio 3)
# problema: paridade de 3 bits
from math import exp
from random import seed, uniform, shuffle

seed(3)

amostras = []
for a in (0, 1):
    for b in (0, 1):
        for c in (0, 1):
            amostras.append(([a, b, c], (a + b + c) % 2))

ENTRADAS = 3
OCULTOS = 8
taxa = 0.8


def sigmoide(v):
    return 1.0 / (1.0 + exp(-v))


# ultimo peso de cada neuronio = bias
pesos_ocultos = [[uniform(-1, 1) for _ in range(ENTRADAS + 1)] for _ in range(OCULTOS)]
pesos_saida = [uniform(-1, 1) for _ in range(OCULTOS + 1)]


def propaga(x):
    ocultos = []
    for p in pesos_ocultos:
        soma = p[-1]
        for i in range(ENTRADAS):
            soma += p[i] * x[i]
        ocultos.append(sigmoide(soma))
    soma = pesos_saida[-1]
    for j in range(OCULTOS):
        soma += pesos_saida[j] * ocultos[j]
    return ocultos, sigmoide(soma)


for epoca in range(3001):
    shuffle(amostras)
    erro_total = 0.0
    for x, alvo in amostras:
        ocultos, saida = propaga(x)
        erro = 0.5 * (alvo - saida) ** 2
        erro_total += erro

        # camada de saida
        delta_saida = (saida - alvo) * saida * (1 - saida)
        for j in range(OCULTOS):
            pesos_saida[j] -= taxa * delta_saida * ocultos[j]
        pesos_saida[-1] -= taxa * delta_saida

        # camada oculta
        for j in range(OCULTOS):
            delta = delta_saida * pesos_saida[j] * ocultos[j] * (1 - ocultos[j])
            for i in range(ENTRADAS):
                pesos_ocultos[j][i] -= taxa * delta * x[i]
            pesos_ocultos[j][-1] -= taxa * delta
    if epoca % 500 == 0:
        print("epoca %4d  erro %.5f" % (epoca, erro_total))

for x, alvo in sorted(amostras):
    print(x, alvo, "->", round(propaga(x)[1], 3))
