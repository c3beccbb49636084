# regressao linear simples com descida do gradiente
# y = a*x + c
import random

xs = [0.5, 1.0, 1.7, 2.2, 2.9, 3.1, 4.0]
ys = [2.1, 2.9, 4.6, 5.3, 6.9, 7.1, 9.2]

a = random.random()
c = 0.0
taxa = 0.02

for epoca in range(200):
    soma_a = 0
    soma_c = 0
    custo = 0
    for x, y in zip(xs, ys):
        previsto = a * x + c
        erro = previsto - y
        custo += erro ** 2
        soma_a += 2 * erro * x
        soma_c += 2 * erro
    n = len(xs)
    custo = custo / n
    a = a - taxa * soma_a / n
    c = c - taxa * soma_c / n
    if epoca % 40 == 0:
        print('epoca', epoca, 'custo', custo)

print('a =', a, 'c =', c)
