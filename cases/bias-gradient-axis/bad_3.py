import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


np.random.seed(91)
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
y = np.array([[0], [1], [1], [0]], float)

model = {
    "hidden": np.random.uniform(-1, 1, (2, 6)),
    "hidden_bias": np.zeros((1, 6)),
    "output": np.random.uniform(-1, 1, (6, 1)),
    "output_bias": np.zeros((1, 1)),
}

for epoch in range(100):
    h = sigmoid(X @ model["hidden"] + model["hidden_bias"])
    o = sigmoid(h @ model["output"] + model["output_bias"])
    loss = ((y - o) ** 2).sum() / 2
    delta_o = (o - y) * o * (1 - o)
    delta_h = delta_o @ model["output"].T * h * (1 - h)
    model["output"] = model["output"] - 0.5 * h.T @ delta_o
    model["output_bias"] = model["output_bias"] - 0.5 * delta_o.sum(axis=0, keepdims=True)
    model["hidden"] = model["hidden"] - 0.5 * X.T @ delta_h
    model["hidden_bias"] = model["hidden_bias"] - 0.5 * delta_h  # expect: bias-gradient-axis
    if epoch % 25 == 0:
        print(epoch, loss)
