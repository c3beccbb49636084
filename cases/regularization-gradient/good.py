import numpy as np

np.random.seed(102)
x = np.random.randn(49, 5)
t = np.tanh(x[:, :2] * x[:, 2:4])
V = np.random.randn(5, 8) * 0.5
U = np.random.randn(8, 2) * 0.5
v = np.zeros(8)
c = 0.003
for i in range(50):
    h = np.tanh(x @ V + v)
    e = h @ U - t
    loss = np.mean(np.sum(e ** 2, axis=1)) + c * (np.sum(U ** 2) + np.sum(V ** 2))
    g = 2 * e / len(x)
    gh = g @ U.T * (1 - h ** 2)
    U -= 0.1 * (h.T @ g + 2 * c * U)
    V -= 0.1 * (x.T @ gh + 2 * c * V)
    v -= 0.1 * gh.sum(axis=0)
    if i % 10 == 0:
        print(i, loss)
