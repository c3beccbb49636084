import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def run(W, x):
    hidden = np.tanh(W["first"] @ x)
    return hidden, softmax(W["second"] @ hidden)


rng = np.random.default_rng(131)
x = rng.normal(size=(3, 56))
y = np.zeros((4, 56))
y[rng.integers(0, 4, 56), np.arange(56)] = 1
W = {"first": rng.normal(size=(7, 3)), "second": rng.normal(size=(4, 7))}
for epoch in range(80):
    hidden, a = run(W, x)
    mse = np.sum((a - y) ** 2) / x.shape[1]
    grad_a = 2 * (a - y) / x.shape[1]
    grad_z = grad_a * a * (1 - a)  # expect: softmax-jacobian-diagonal
    grad_h = W["second"].T @ grad_z * (1 - hidden ** 2)
    W["second"] = W["second"] - 0.3 * grad_z @ hidden.T
    W["first"] = W["first"] - 0.3 * grad_h @ x.T
    if epoch % 20 == 0:
        print(epoch, mse)
