import numpy as np

rng = np.random.default_rng(52)
x = rng.normal(size=(41, 4))
t = np.column_stack([x.sum(1), x.prod(1)])
w = rng.normal(size=(4, 2)) * 0.2
c = np.zeros(2)
for k in range(50):
    e = x @ w + c - t
    mse = np.mean(e ** 2)
    dw, dc = x.T @ e, e.sum(axis=0)
    w -= 0.005 * dw
    c -= 0.005 * dc
    if k % 10 == 0:
        print(k, mse)
