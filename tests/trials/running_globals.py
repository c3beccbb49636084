# -*- coding: utf-8 -*-
# Red neuronal sencilla para clasificar flores (datos inventados)
import numpy as np

np.random.seed(8)

# ----- datos -----
ejemplos = []
for clase, centro in enumerate([(-1.5, 0.0), (1.2, 1.2), (1.0, -1.4)]):
    for i in range(40):
        punto = np.array(centro) + 0.5 * np.random.randn(2)
        ejemplos.append((punto, clase))

# ----- parámetros (globales) -----
pesosOcultos = np.random.randn(5, 2) * 0.5
sesgoOculto = np.zeros(5)
pesosSalida = np.random.randn(3, 5) * 0.5
sesgoSalida = np.zeros(3)

tasa = 0.05
entrada = None
oculta = None
salida = None
costo = 0.0


def adelante(x):
    global entrada, oculta, salida
    entrada = x
    oculta = 1 / (1 + np.exp(-(pesosOcultos.dot(x) + sesgoOculto)))
    puntaje = pesosSalida.dot(oculta) + sesgoSalida
    puntaje = puntaje - puntaje.max()
    salida = np.exp(puntaje) / np.exp(puntaje).sum()


def atras(clase):
    global pesosOcultos, sesgoOculto, pesosSalida, sesgoSalida, costo
    costo += -np.log(salida[clase])

    deltaSalida = salida.copy()
    deltaSalida[clase] -= 1.0
    deltaOculta = pesosSalida.T.dot(deltaSalida) * oculta * (1 - oculta)

    pesosSalida = pesosSalida - tasa * np.outer(deltaSalida, oculta)
    sesgoSalida = sesgoSalida - tasa * deltaSalida
    pesosOcultos = pesosOcultos - tasa * np.outer(deltaOculta, entrada)
    sesgoOculto = sesgoOculto - tasa * deltaOculta


for epoca in range(60):
    costo = 0.0
    for k in np.random.permutation(len(ejemplos)):
        x, clase = ejemplos[k]
        adelante(x)
        atras(clase)
    if epoca % 10 == 0:
        print('época', epoca, 'costo', round(costo, 3))

aciertos = 0
for x, clase in ejemplos:
    adelante(x)
    if salida.argmax() == clase:
        aciertos += 1
print('aciertos:', aciertos, 'de', len(ejemplos))
