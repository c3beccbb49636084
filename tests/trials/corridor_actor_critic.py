# Actor-critico (Monte Carlo) en un pasillo: sale de la casilla 2, meta en la ultima.
# Red compartida: una capa oculta, dos salidas (politica y valor).
import numpy as np

gen = np.random.default_rng(123)

N_CASILLAS = 7
N_ACC = 2            # 0 izquierda, 1 derecha
GAMMA = 0.95
BETA = 0.02          # entropia
COEF_V = 0.5
ALFA = 0.08

red = {
    'W': gen.normal(0, .5, (N_CASILLAS, 10)), 'b': np.zeros(10),
    'Wp': gen.normal(0, .1, (10, N_ACC)), 'bp': np.zeros(N_ACC),
    'wv': gen.normal(0, .1, 10), 'bv': np.zeros(1),
}


def paso(s, a):
    s2 = max(0, s - 1) if a == 0 else s + 1
    if s2 == N_CASILLAS - 1:
        return s2, 1.0, True
    return s2, -0.02, False


def adelante(red, X):
    H = np.tanh(X @ red['W'] + red['b'])
    logits = H @ red['Wp'] + red['bp']
    logits = logits - logits.max(axis=1, keepdims=True)
    logpi = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    V = H @ red['wv'] + red['bv']
    return H, logpi, V


def episodio(red):
    s, fin = 2, False
    S, A, R = [], [], []
    while not fin and len(S) < 40:
        x = np.eye(N_CASILLAS)[[s]]
        pi = np.exp(adelante(red, x)[1][0])
        a = int(gen.random() < pi[1])
        S.append(s)
        A.append(a)
        s, r, fin = paso(s, a)
        R.append(r)
    G, acum = np.zeros(len(R)), 0.0
    for t in range(len(R) - 1, -1, -1):
        acum = R[t] + GAMMA * acum
        G[t] = acum
    return np.eye(N_CASILLAS)[S], np.array(A), G


def perdida(red, X, A, G, ventaja):
    """la ventaja se toma como constante en el termino de la politica"""
    _, logpi, V = adelante(red, X)
    pi = np.exp(logpi)
    entropia = -(pi * logpi).sum(axis=1)
    return np.mean(-ventaja * logpi[np.arange(len(A)), A] + COEF_V * (G - V) ** 2 - BETA * entropia)


def gradientes(red, X, A, G, ventaja):
    n = len(A)
    H, logpi, V = adelante(red, X)
    pi = np.exp(logpi)
    uno = np.eye(N_ACC)[A]
    dl = ventaja[:, None] * (pi - uno)
    # d(-H)/dlogits = pi * (log pi + H)
    entropia = -(pi * logpi).sum(axis=1, keepdims=True)
    dl += BETA * pi * (logpi + entropia)
    dl /= n
    dV = 2 * COEF_V * (V - G) / n
    dH = dl @ red['Wp'].T + np.outer(dV, red['wv'])
    dZ = dH * (1 - H ** 2)
    return {
        'Wp': H.T @ dl, 'bp': dl.sum(axis=0),
        'wv': H.T @ dV, 'bv': np.array([dV.sum()]),
        'W': X.T @ dZ, 'b': dZ.sum(axis=0),
    }


largos = []
for ep in range(1, 1001):
    X, A, G = episodio(red)
    ventaja = G - adelante(red, X)[2]
    loss = perdida(red, X, A, G, ventaja)
    grad = gradientes(red, X, A, G, ventaja)
    for nombre in red:
        red[nombre] -= ALFA * grad[nombre]
    largos.append(len(A))
    if ep % 200 == 0:
        print(f'episodio {ep}: largo medio {np.mean(largos[-200:]):.2f}  perdida {loss:.4f}')
