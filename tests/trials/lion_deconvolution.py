# Decodificador con convolucion transpuesta: de un codigo de 3 numeros a una imagen 8x8
# Optimizador: Lion (signo de la interpolacion) con decaimiento desacoplado
import numpy as np

azar = np.random.RandomState(8)

# datos: una mancha gaussiana en (cx, cy) con ancho s
codigos = azar.uniform(-1, 1, (150, 3))
yy, xx = np.mgrid[0:8, 0:8]
imagenes = np.zeros((150, 1, 8, 8))
for n, (cx, cy, s) in enumerate(codigos):
    ancho = 1.5 + 0.5 * s
    imagenes[n, 0] = np.exp(-((xx - 3.5 - 2 * cx) ** 2 + (yy - 3.5 - 2 * cy) ** 2) / (2 * ancho ** 2))


def conv_transpuesta(x, K, b, paso):
    """x: (N,Cin,h,w)  K: (Cin,Cout,k,k)  salida: ((h-1)*paso+k)"""
    N, _, h, w = x.shape
    k = K.shape[2]
    y = np.zeros((N, K.shape[1], (h - 1) * paso + k, (w - 1) * paso + k))
    for i in range(h):
        for j in range(w):
            y[:, :, i*paso:i*paso + k, j*paso:j*paso + k] += np.einsum('nc,cdij->ndij', x[:, :, i, j], K)
    return y + b.reshape(1, -1, 1, 1)


def conv_transpuesta_atras(dy, x, K, paso):
    k = K.shape[2]
    dx = np.zeros_like(x)
    dK = np.zeros_like(K)
    for i in range(x.shape[2]):
        for j in range(x.shape[3]):
            trozo = dy[:, :, i*paso:i*paso + k, j*paso:j*paso + k]
            dx[:, :, i, j] = np.einsum('ndij,cdij->nc', trozo, K)
            dK += np.einsum('nc,ndij->cdij', x[:, :, i, j], trozo)
    return dx, dK, dy.sum(axis=(0, 2, 3))


canales = 6
pesos = {
    'A': azar.randn(3, canales * 3 * 3) * 0.6,
    'a': np.zeros(canales * 9),
    'K1': azar.randn(canales, 4, 2, 2) * 0.3,
    'k1': np.zeros(4),
    'K2': azar.randn(4, 1, 3, 3) * 0.3,
    'k2': np.zeros(1),
}
momento = {n: np.zeros_like(p) for n, p in pesos.items()}
beta1, beta2, tasa, decae = 0.9, 0.99, 3e-3, 1e-2

for paso_global in range(241):
    lote = azar.choice(150, 25, replace=False)
    z, objetivo = codigos[lote], imagenes[lote]
    # ida
    u = z @ pesos['A'] + pesos['a']
    h0 = np.tanh(u).reshape(-1, canales, 3, 3)
    v1 = conv_transpuesta(h0, pesos['K1'], pesos['k1'], 2)      # 6x6
    h1 = np.where(v1 > 0, v1, 0.2 * v1)
    v2 = conv_transpuesta(h1, pesos['K2'], pesos['k2'], 1)      # 8x8
    rec = 1 / (1 + np.exp(-v2))
    perdida = -(objetivo * np.log(rec) + (1 - objetivo) * np.log(1 - rec)).sum() / len(lote)
    # vuelta
    g = {}
    dv2 = (rec - objetivo) / len(lote)
    dh1, g['K2'], g['k2'] = conv_transpuesta_atras(dv2, h1, pesos['K2'], 1)
    dv1 = dh1 * np.where(v1 > 0, 1, 0.2)
    dh0, g['K1'], g['k1'] = conv_transpuesta_atras(dv1, h0, pesos['K1'], 2)
    du = (dh0 * (1 - h0 ** 2)).reshape(len(lote), -1)
    g['A'] = z.T @ du
    g['a'] = du.sum(axis=0)

    for n in pesos:
        direccion = np.sign(beta1 * momento[n] + (1 - beta1) * g[n])
        pesos[n] -= tasa * (direccion + decae * pesos[n])
        momento[n] = beta2 * momento[n] + (1 - beta2) * g[n]
    if paso_global % 40 == 0:
        print(paso_global, 'perdida por imagen: %.3f' % perdida)
