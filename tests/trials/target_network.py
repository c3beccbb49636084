import numpy as np
rng = np.random.default_rng(3)
P = {'W1': rng.normal(0, .5, (6, 8)), 'b1': np.zeros(8), 'W2': rng.normal(0, .5, (8, 2)), 'b2': np.zeros(2)}
def q(p, s):
    h = np.maximum(0, s @ p['W1'] + p['b1'])
    return h @ p['W2'] + p['b2'], h
target_net = {k: v.copy() for k, v in P.items()}
for step in range(200):
    if step % 20 == 0: target_net = {k: v.copy() for k, v in P.items()}
    s = np.eye(6)[rng.integers(6, size=16)]; a = rng.integers(2, size=16)
    s2 = np.eye(6)[rng.integers(6, size=16)]; r = rng.normal(size=16)
    y = r + .9 * q(target_net, s2)[0].max(axis=1)
    qs, h = q(P, s)
    td = qs[np.arange(16), a] - y
    loss = np.mean(td ** 2)
    d = np.zeros_like(qs); d[np.arange(16), a] = 2 * td / 16
    g = {'W2': h.T @ d, 'b2': d.sum(0)}
    dh = d @ P['W2'].T; dh[h <= 0] = 0
    g['W1'] = s.T @ dh; g['b1'] = dh.sum(0)
    for k in P: P[k] -= 0.05 * g[k]
