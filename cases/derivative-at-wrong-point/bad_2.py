import numpy as np


def init(layer_dims, rng):
    parameters = {}
    for l in range(1, len(layer_dims)):
        parameters["W" + str(l)] = rng.standard_normal((layer_dims[l], layer_dims[l - 1])) * 0.5
        parameters["b" + str(l)] = np.zeros((layer_dims[l], 1))
    return parameters


def propagate(X, parameters):
    Z1 = np.dot(parameters["W1"], X) + parameters["b1"]
    A1 = np.tanh(Z1)
    Z2 = np.dot(parameters["W2"], A1) + parameters["b2"]
    A2 = 1 / (1 + np.exp(-Z2))
    return A2, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}


def compute_cost(A2, Y):
    logprobs = np.multiply(np.log(A2), Y) + np.multiply(np.log(1 - A2), 1 - Y)
    return -np.sum(logprobs) / Y.shape[1]


def backpropagate(parameters, cache, X, Y):
    m = X.shape[1]
    dZ2 = cache["A2"] - Y
    dW2 = np.dot(dZ2, cache["A1"].T) / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dA1 = np.dot(parameters["W2"].T, dZ2)
    dZ1 = np.multiply(dA1, 1 - np.power(cache["Z1"], 2))  # expect: derivative-at-wrong-point
    dW1 = np.dot(dZ1, X.T) / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


rng = np.random.default_rng(2)
X = rng.standard_normal((2, 80))
Y = (X[:1] * X[1:] > 0).astype(float)
parameters = init([2, 6, 1], rng)
for i in range(80):
    A2, cache = propagate(X, parameters)
    cost = compute_cost(A2, Y)
    grads = backpropagate(parameters, cache, X, Y)
    for l in ("1", "2"):
        parameters["W" + l] = parameters["W" + l] - 0.9 * grads["dW" + l]
        parameters["b" + l] = parameters["b" + l] - 0.9 * grads["db" + l]
    if i % 20 == 0:
        print("Cost after iteration %i: %f" % (i, cost))
