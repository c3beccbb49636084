import numpy as np

from layers import Dense, LeakyReLU, Tanh
from model import MSE, SGD, Sequential

rng = np.random.default_rng(42)

x = rng.uniform(-1, 1, (64, 3))
y = np.stack([np.sin(2 * x[:, 0]) * x[:, 1], x[:, 2] ** 2], axis=1)

net = Sequential(
    Dense(3, 12, rng),
    Tanh(),
    Dense(12, 9, rng),
    LeakyReLU(),
    Dense(9, 2, rng),
)
criterion = MSE()
optimizer = SGD(net, lr=0.2)

for epoch in range(30):
    order = rng.permutation(len(x))
    total = 0
    for start in range(0, len(x), 16):
        batch = order[start:start + 16]
        loss = criterion(net(x[batch]), y[batch])
        net.backward(criterion.gradient())
        optimizer.step()
        total += loss * len(batch)
    if epoch % 10 == 0:
        print(f"epoch {epoch:3d}  mse {total / len(x):.5f}")
