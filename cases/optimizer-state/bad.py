import numpy as np

rng = np.random.default_rng(41)
x = rng.normal(size=(80, 3))
y = np.tanh(x @ np.array([[1.0], [-2.0], [0.5]]))

W1 = rng.normal(0, 0.5, (3, 10))
b1 = np.zeros(10)
W2 = rng.normal(0, 0.5, (10, 1))
b2 = np.zeros(1)
params = [W1, b1, W2, b2]
m = [np.zeros_like(p) for p in params]
v = [np.zeros_like(p) for p in params]
lr, beta1, beta2, eps = 0.01, 0.9, 0.999, 1e-8

for t in range(1, 301):
    h = np.tanh(x @ W1 + b1)
    out = h @ W2 + b2
    loss = np.mean((out - y) ** 2)

    d_out = 2 * (out - y) / len(x)
    d_h = (d_out @ W2.T) * (1 - h ** 2)
    grads = [x.T @ d_h, d_h.sum(axis=0), h.T @ d_out, d_out.sum(axis=0)]

    for i, (p, g) in enumerate(zip(params, grads)):
        m[i] = beta1 * m[i] + (1 - beta1) * g
        v[i] = beta2 * v[i] + (1 - beta2) * g ** 2
        m_hat = m[i] / (1 - beta1 ** t)
        v_hat = v[i] / (1 - beta1 ** t)  # expect: optimizer-state
        p -= lr * m_hat / (np.sqrt(v_hat) + eps)
    if t % 100 == 0:
        print(t, loss)
