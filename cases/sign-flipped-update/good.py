import numpy as np

np.random.seed(27)
x = np.random.randn(52, 4)
y = (x[:, :1] + x[:, 1:2] ** 2 > 0.7) * 1.0

first = np.random.randn(4, 8) * 0.4
second = np.random.randn(8, 1) * 0.4
for i in range(50):
    h = np.tanh(x @ first)
    a = 1 / (1 + np.exp(-(h @ second)))
    loss = -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a))
    err = y - a
    first += 0.01 * x.T @ ((err @ second.T) * (1 - h ** 2))
    second += 0.01 * h.T @ err
    if i % 10 == 0:
        print(i, loss)
