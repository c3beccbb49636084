import numpy as np

np.random.seed(21)
inputs = np.random.rand(50, 4)
wanted = np.stack([inputs.mean(1), inputs[:, 0] * inputs[:, 1]], axis=1)

v = np.random.randn(4, 7)
u = np.random.randn(7, 2)
v0 = np.zeros((1, 7))
u0 = np.zeros((1, 2))


def logistic(t):
    return 1 / (1 + np.exp(-t))


for turn in range(80):
    mid = logistic(inputs @ v + v0)
    out = logistic(mid @ u + u0)
    error = 0.5 * np.sum((out - wanted) ** 2)

    push = (out - wanted) * out * (1 - out)
    mid_push = push @ u.T * mid * (1 - mid)

    u -= 0.1 * mid.T @ push
    u0 -= 0.1 * push.sum(0, keepdims=True)
    v -= 0.1 * inputs.T @ mid_push
    v0 -= 0.1 * mid_push.sum(0, keepdims=True)
    if turn % 20 == 0:
        print(turn, error)
