import numpy as np

rng = np.random.default_rng(3)
X = rng.normal(size=(60, 5))
Y = np.eye(4)[np.argmax(X @ rng.normal(size=(5, 4)), axis=1)]
W = rng.normal(size=(5, 4)) * 0.4


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / np.sum(e)  # expect: softmax-axis


for epoch in range(40):
    P = softmax(X @ W)
    loss = -np.sum(Y * np.log(P)) / len(X)
    W -= 0.5 * X.T @ (P - Y) / len(X)
print(loss)
