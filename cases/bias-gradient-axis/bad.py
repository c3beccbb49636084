import numpy as np

np.random.seed(28)
X = np.random.randn(63, 4)
y = np.eye(3)[np.argmax(X[:, :3], axis=1)]
W1, b1 = np.random.randn(4, 8) * 0.3, np.zeros(8)
W2, b2 = np.random.randn(8, 3) * 0.3, np.zeros(3)

for epoch in range(50):
    a1 = 1 / (1 + np.exp(-(X.dot(W1) + b1)))
    z2 = a1.dot(W2) + b2
    e = np.exp(z2 - z2.max(axis=1)[:, None])
    p = e / e.sum(axis=1)[:, None]
    loss = -(y * np.log(p)).sum() / len(X)

    dz2 = (p - y) / len(X)
    dz1 = dz2.dot(W2.T) * a1 * (1 - a1)
    dW2 = a1.T.dot(dz2)
    db2 = np.sum(dz2, axis=0)
    dW1 = X.T.dot(dz1)
    db1 = np.sum(dz1)  # expect: bias-gradient-axis

    for value, grad in ((W1, dW1), (b1, db1), (W2, dW2), (b2, db2)):
        value -= 0.8 * grad
    if epoch % 10 == 0:
        print(epoch, loss)
