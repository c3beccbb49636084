# Rede com BatchNorm + dropout invertido e hinge ao quadrado (um-contra-todos).
# Tento não alocar memória dentro do laço (uso out= quando dá).
import numpy as np

gerador = np.random.default_rng(321)
N, D, H, C = 240, 8, 32, 3
Xt = gerador.normal(size=(N, D))
rotulo = (np.abs(Xt[:, 0]) > 0.8).astype(int) + (Xt[:, 1] * Xt[:, 2] > 0).astype(int)
alvo = np.where(rotulo[:, None] == np.arange(C), 1.0, -1.0)

W1 = gerador.normal(size=(D, H)) * np.sqrt(2 / D)
gama, beta = np.ones(H), np.zeros(H)
W2 = gerador.normal(size=(H, C)) * 0.2
b2 = np.zeros(C)
pesos = [W1, gama, beta, W2, b2]
momento = [np.zeros_like(p) for p in pesos]
media_mov, var_mov = np.zeros(H), np.ones(H)
manter = 0.8
TAM = 48
z = np.empty((TAM, H)); temp = np.empty((TAM, H))


def avaliar(X):
    u = (X @ W1 - media_mov) / np.sqrt(var_mov + 1e-5) * gama + beta
    return np.maximum(u, 0) @ W2 + b2


for epoca in range(30):
    soma = 0.0
    ordem = gerador.permutation(N)
    for lote in ordem.reshape(-1, TAM):
        x, t = Xt[lote], alvo[lote]
        np.dot(x, W1, out=z)
        mu = z.mean(0)
        var = z.var(0)
        inv = 1.0 / np.sqrt(var + 1e-5)
        zn = (z - mu) * inv
        u = gama * zn + beta
        mascara = (gerador.random((TAM, H)) < manter) / manter
        h = np.maximum(u, 0) * mascara
        placar = h @ W2 + b2
        folga = np.maximum(0, 1 - t * placar)
        perda = (folga ** 2).sum() / TAM
        soma += perda

        dp = -2 * t * folga / TAM
        gW2 = h.T @ dp
        gb2 = dp.sum(0)
        np.dot(dp, W2.T, out=temp)
        np.multiply(temp, mascara, out=temp)
        temp[u <= 0] = 0
        gbeta = temp.sum(0)
        ggama = (temp * zn).sum(0)
        dzn = temp * gama
        dz = inv / TAM * (TAM * dzn - dzn.sum(0) - zn * (dzn * zn).sum(0))
        gW1 = x.T @ dz
        media_mov += 0.1 * (mu - media_mov)
        var_mov += 0.1 * (var * TAM / (TAM - 1) - var_mov)

        for p, g, m in zip(pesos, (gW1, ggama, gbeta, gW2, gb2), momento):
            np.clip(g, -0.5, 0.5, out=g)
            m *= 0.9
            m += g
            p -= 0.01 * m
    if epoca % 6 == 5:
        acerto = (avaliar(Xt).argmax(1) == rotulo).mean()
        print('época', epoca + 1, 'perda', round(soma / 5, 4), 'acerto', round(acerto, 3))
