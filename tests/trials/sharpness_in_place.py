import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(80, 4)); y = np.sin(X[:, :1]) + X[:, 1:2]
params = {'W1': rng.normal(size=(4, 10)) * .5, 'b1': np.zeros(10), 'W2': rng.normal(size=(10, 1)) * .3, 'b2': np.zeros(1)}
def grads(p):
    h = np.tanh(X @ p['W1'] + p['b1'])
    out = h @ p['W2'] + p['b2']
    loss = np.mean((out - y) ** 2)
    d = 2 * (out - y) / len(y)
    dh = d @ p['W2'].T * (1 - h ** 2)
    return loss, {'W2': h.T @ d, 'b2': d.sum(0), 'W1': X.T @ dh, 'b1': dh.sum(0)}
rho, lr = 0.05, 0.1
for it in range(100):
    loss, g = grads(params)
    n = np.sqrt(sum((v ** 2).sum() for v in g.values()))
    eps = {k: rho * g[k] / (n + 1e-12) for k in params}
    for k in params: params[k] += eps[k]
    _, g2 = grads(params)
    for k in params:
        params[k] -= eps[k]
        params[k] -= lr * g2[k]
    if it % 20 == 0: print(loss)
