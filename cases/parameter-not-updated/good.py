import numpy as np

rng = np.random.default_rng(3)
X = rng.normal(size=(40, 3))
y = X @ np.array([[1.0], [-2.0], [0.5]]) + 4.0
R = rng.normal(size=(3, 7))  # a random layer that stays as it is
r = rng.normal(size=(1, 7))
W = rng.normal(size=(7, 1)) * 0.4
b = np.zeros((1, 1))

for step in range(30):
    z = X @ R + r
    h = np.tanh(z)
    out = h @ W + b
    loss = np.mean((out - y) ** 2)
    d = 2 * (out - y) / len(X)
    dz = (d @ W.T) * (1 - h ** 2)
    dX = dz @ R.T  # what a layer below would want: there is none
    W -= 0.1 * h.T @ d
    b -= 0.1 * d.sum(axis=0, keepdims=True)
print(loss)
