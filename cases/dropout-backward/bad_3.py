import numpy as np

rng = np.random.default_rng(71)
P_DROP = 0.3


def dropout_mask(shape):
    return (rng.random(shape) >= P_DROP).astype(float) / (1 - P_DROP)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


x = rng.normal(size=(4, 58))
y = (x[:1] ** 2 + x[1:2] > 1).astype(float)
theta = {
    "W1": rng.normal(size=(15, 4)) * 0.5, "b1": np.zeros((15, 1)),
    "W2": rng.normal(size=(1, 15)) * 0.5, "b2": np.zeros((1, 1)),
}
velocity = {k: np.zeros_like(v) for k, v in theta.items()}

for it in range(50):
    a1 = np.tanh(theta["W1"] @ x + theta["b1"])
    d1 = a1 * dropout_mask(a1.shape)
    a2 = sigmoid(theta["W2"] @ d1 + theta["b2"])
    cost = -np.mean(y * np.log(a2) + (1 - y) * np.log(1 - a2))

    dz2 = (a2 - y) / x.shape[1]
    da1 = theta["W2"].T @ dz2
    da1 = da1 * dropout_mask(da1.shape)  # expect: dropout-backward
    dz1 = da1 * (1 - a1 ** 2)
    grads = {
        "W2": dz2 @ d1.T, "b2": dz2.sum(axis=1, keepdims=True),
        "W1": dz1 @ x.T, "b1": dz1.sum(axis=1, keepdims=True),
    }
    for k in theta:
        velocity[k] = 0.9 * velocity[k] - 0.1 * grads[k]
        theta[k] += velocity[k]
    if it % 10 == 0:
        print(it, cost)
