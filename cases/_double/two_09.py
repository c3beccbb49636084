import numpy as np

np.random.seed(208)
x = np.random.randn(5, 63)
y = np.sin(x[:2])
p = [np.random.randn(7, 5) * 0.5, np.random.randn(7, 7) * 0.3, np.random.randn(2, 7) * 0.5]
for k in range(60):
    a = np.tanh(p[0] @ x)
    f = np.tanh(p[1] @ a)
    out = p[2] @ (a + f)
    loss = np.sum((out - y) ** 2) / (2 * 63)
    d = (out - y) / 63
    g2 = 3 * d @ (a + f).T  # expect: wrong-constant-factor
    df = p[2].T @ d * (1 - f ** 2)
    da = p[1].T @ df  # expect: missing-term
    g1, g0 = df @ a.T, (da * (1 - a ** 2)) @ x.T
    for w, g in zip(p, (g0, g1, g2)):
        w -= 0.1 * g
    if k % 20 == 0:
        print(k, loss)
