import numpy as np

rng = np.random.default_rng(164)
x = rng.normal(size=(48, 5))
goal = rng.normal(size=(48, 3))
goal /= np.linalg.norm(goal, axis=1, keepdims=True)
w = rng.normal(size=(5, 3))
for epoch in range(40):
    z = x @ w
    n = np.linalg.norm(z, axis=1, keepdims=True)
    u = z / n
    loss = 1 - np.mean(np.sum(u * goal, axis=1))
    g = -goal / len(x)
    g = (g - u * np.sum(g * u, axis=1, keepdims=True)) / n
    w -= 0.5 * x.T @ g
    if epoch % 10 == 0:
        print(epoch, loss)
