import numpy as np

rng = np.random.default_rng(5)
x = rng.normal(size=(30, 4)) * 5
y = x @ rng.normal(size=4) * 4
w = np.zeros(4)

for step in range(25):
    error = x @ w - y
    loss = (error ** 2).sum() / 2
    gradient = x.T @ error // len(x)  # expect: integer-arithmetic
    w = w - 0.01 * gradient
print(loss)
