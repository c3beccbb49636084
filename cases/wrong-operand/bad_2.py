import numpy as np

np.random.seed(42)
features = np.random.randn(6, 65)
price = (2 * features[:1] - features[1:2] * features[2:3]) * 0.5

w1 = np.random.randn(11, 6) * 0.3
b1 = np.zeros((11, 1))
w2 = np.random.randn(1, 11) * 0.3
b2 = np.zeros((1, 1))
m = features.shape[1]

for i in range(101):
    z1 = w1.dot(features) + b1
    a1 = np.maximum(0, z1)
    out = w2.dot(a1) + b2
    cost = np.sum((out - price) ** 2) / (2 * m)
    if i % 25 == 0:
        print("iteration", i, "cost", cost)

    dout = (out - price) / m
    dw2 = dout.dot(z1.T)  # expect: wrong-operand
    db2 = dout.sum(axis=1, keepdims=True)
    dz1 = w2.T.dot(dout) * (a1 > 0)
    dw1 = dz1.dot(features.T)
    db1 = dz1.sum(axis=1, keepdims=True)

    w2 -= 0.1 * dw2
    b2 -= 0.1 * db2
    w1 -= 0.1 * dw1
    b1 -= 0.1 * db1
