import numpy as np

np.random.seed(153)
x = np.random.rand(18, 4)
y = np.random.rand(18, 2)
sizes = [4, 7, 5, 2]
W = [np.random.randn(a, b) * 0.7 for a, b in zip(sizes, sizes[1:])]
for epoch in range(25):
    act = [np.empty((len(x), n)) for n in sizes]
    act[0][:] = x
    for k in range(3):
        np.dot(act[k], W[k], out=act[k + 1])
        np.tanh(act[k + 1], out=act[k + 1])
    loss = np.sum((act[3] - y) ** 2) / (2 * len(x))
    err = [np.empty_like(a) for a in act]
    err[3][:] = (act[3] - y) * (1 - act[3] ** 2) / len(x)
    for k in (2, 1):
        err[k][...] = err[k + 1] @ W[k].T * (1 - act[k] ** 2)
    for k in range(3):
        W[k] -= 0.3 * act[k].T @ err[k + 1]
    if epoch % 5 == 0:
        print(epoch, loss)
