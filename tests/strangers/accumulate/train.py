import numpy as np

import net as N

np.random.seed(9)
ACCUM, MICRO, LR = 4, 6, 0.1

model = N.Net(N.Linear(3, 8), N.Softplus(), N.Linear(8, 5), N.Softplus(), N.Linear(5, 1))


def sample(n):
    x = np.random.rand(n, 3) * 2 - 1
    return x, (x[:, :1] * x[:, 1:2] + np.abs(x[:, 2:]))


for step in range(60):
    model.zero_grad()
    total = 0.0
    for micro in range(ACCUM):
        x, y = sample(MICRO)
        diff = model(x) - y
        total += (diff ** 2).mean() / ACCUM
        model.backward(2 * diff / (MICRO * ACCUM))
    for p in model.parameters():
        p.data -= LR * p.grad
    if step % 20 == 19:
        print("step", step + 1, "loss", total)
