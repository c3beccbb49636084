import numpy as np

# тегирование последовательности: слово до и после запятой
np.random.seed(123)
V, E, H, T = 8, 5, 6, 3

P = {}
P['emb'] = np.random.randn(V, E) * 0.1
for d in ('f', 'b'):
    P['U' + d] = np.random.randn(H, E) * 0.3
    P['W' + d] = np.random.randn(H, H) * 0.3
    P['c' + d] = np.zeros(H)
P['O'] = np.random.randn(T, 2 * H) * 0.3
P['o'] = np.zeros(T)


def прямой(слова):
    n = len(слова)
    x = P['emb'][слова]
    hf = np.zeros((n + 1, H))
    hb = np.zeros((n + 1, H))
    for t in range(n):
        hf[t + 1] = np.tanh(P['Uf'] @ x[t] + P['Wf'] @ hf[t] + P['cf'])
    for t in range(n - 1, -1, -1):
        hb[t] = np.tanh(P['Ub'] @ x[t] + P['Wb'] @ hb[t + 1] + P['cb'])
    h = np.hstack([hf[1:], hb[:-1]])
    z = h @ P['O'].T + P['o']
    z = z - z.max(axis=1)[:, None]
    p = np.exp(z)
    p /= p.sum(axis=1)[:, None]
    return x, hf, hb, h, p


def обратный(слова, метки, x, hf, hb, h, p):
    n = len(слова)
    G = {k: np.zeros_like(v) for k, v in P.items()}
    dz = p.copy()
    for t in range(n):
        dz[t, метки[t]] -= 1
    G['O'] = dz.T @ h
    G['o'] = dz.sum(axis=0)
    dh = dz @ P['O']
    dx = np.zeros_like(x)
    carry = np.zeros(H)
    for t in range(n - 1, -1, -1):
        da = (dh[t, :H] + carry) * (1 - hf[t + 1] ** 2)
        G['Uf'] += np.outer(da, x[t])
        G['Wf'] += np.outer(da, hf[t])
        G['cf'] += da
        dx[t] += P['Uf'].T @ da
        carry = P['Wf'].T @ da
    carry = np.zeros(H)
    for t in range(n):
        da = (dh[t, H:] + carry) * (1 - hb[t] ** 2)
        G['Ub'] += np.outer(da, x[t])
        G['Wb'] += np.outer(da, hb[t + 1])
        G['cb'] += da
        dx[t] += P['Ub'].T @ da
        carry = P['Wb'].T @ da
    for t in range(n):
        G['emb'][слова[t]] += dx[t]
    return G


скорость = 0.1
for шаг in range(200):
    n = np.random.randint(3, 9)
    слова = np.random.randint(0, V, n)
    метки = np.zeros(n, dtype=int)
    for t in range(n):
        if слова[t] == 0:
            метки[t] = 2
        elif (t > 0 and слова[t - 1] == 0) or (t + 1 < n and слова[t + 1] == 0):
            метки[t] = 1
    x, hf, hb, h, p = прямой(слова)
    потери = -sum(np.log(p[t, метки[t]]) for t in range(n))
    G = обратный(слова, метки, x, hf, hb, h, p)
    for k in P:
        P[k] -= скорость * G[k]
    if шаг % 50 == 0:
        print('шаг', шаг, 'потери', потери / n)
