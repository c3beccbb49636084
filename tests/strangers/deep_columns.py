import numpy as np
import matplotlib.pyplot as plt

np.random.seed(1)


def arms(m=90):
    t = np.linspace(0, 3.12, m // 3)
    X, Y = [], []
    for c in range(3):
        ang = t * 2 + c * 2.1 + np.random.randn(t.size) * 0.1
        r = t / 3.12
        X.append(np.c_[r * np.sin(ang), r * np.cos(ang)])
        Y.append(np.full(t.size, c))
    X = np.concatenate(X).T
    labels = np.concatenate(Y)
    Y = np.zeros((3, X.shape[1]))
    Y[labels, np.arange(X.shape[1])] = 1
    return X, Y


def start_values(layer_dims):
    parameters = {}
    L = len(layer_dims)
    for l in range(1, L):
        parameters['W' + str(l)] = np.random.randn(layer_dims[l], layer_dims[l - 1]) / np.sqrt(layer_dims[l - 1])
        parameters['b' + str(l)] = np.zeros((layer_dims[l], 1))
    return parameters


def relu(Z):
    A = np.maximum(0, Z)
    cache = Z
    return A, cache


def softmax(Z):
    e = np.exp(Z - Z.max(axis=0, keepdims=True))
    A = e / e.sum(axis=0, keepdims=True)
    return A, Z


def one_layer(A_prev, W, b, activation):
    Z = np.dot(W, A_prev) + b
    kept_in = (A_prev, W, b)
    if activation == "softmax":
        A, kept_z = softmax(Z)
    elif activation == "relu":
        A, kept_z = relu(Z)
    return A, (kept_in, kept_z)


def run_all(X, parameters):
    caches = []
    A = X
    L = len(parameters) // 2
    for l in range(1, L):
        A_prev = A
        A, cache = one_layer(A_prev, parameters['W' + str(l)], parameters['b' + str(l)], "relu")
        caches.append(cache)
    AL, cache = one_layer(A, parameters['W' + str(L)], parameters['b' + str(L)], "softmax")
    caches.append(cache)
    return AL, caches


def cost_of(AL, Y):
    m = Y.shape[1]
    cost = -(1 / m) * np.sum(Y * np.log(AL))
    cost = np.squeeze(cost)
    return cost


def layer_back(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = 1 / m * np.dot(dZ, A_prev.T)
    db = 1 / m * np.sum(dZ, axis=1, keepdims=True)
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db


def relu_backward(dA, Z):
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ


def back_all(AL, Y, caches):
    grads = {}
    L = len(caches)
    kept_in, _ = caches[L - 1]
    dA, grads["dW" + str(L)], grads["db" + str(L)] = layer_back(AL - Y, kept_in)
    for l in reversed(range(L - 1)):
        kept_in, Z = caches[l]
        dA, grads["dW" + str(l + 1)], grads["db" + str(l + 1)] = layer_back(relu_backward(dA, Z), kept_in)
    return grads


def update_parameters(parameters, grads, learning_rate):
    L = len(parameters) // 2
    for l in range(L):
        parameters["W" + str(l + 1)] = parameters["W" + str(l + 1)] - learning_rate * grads["dW" + str(l + 1)]
        parameters["b" + str(l + 1)] = parameters["b" + str(l + 1)] - learning_rate * grads["db" + str(l + 1)]
    return parameters


def fit(X, Y, layers_dims, learning_rate=0.3, num_iterations=400, print_cost=False):
    costs = []
    parameters = start_values(layers_dims)
    for i in range(0, num_iterations):
        AL, caches = run_all(X, parameters)
        cost = cost_of(AL, Y)
        grads = back_all(AL, Y, caches)
        parameters = update_parameters(parameters, grads, learning_rate)
        if print_cost and i % 100 == 0:
            print("Cost after iteration %i: %f" % (i, cost))
            costs.append(cost)
    plt.plot(costs)
    plt.ylabel('cost')
    plt.xlabel('iterations (per hundreds)')
    plt.show()
    return parameters


train_x, train_y = arms()
parameters = fit(train_x, train_y, [2, 7, 5, 3], print_cost=True)
pred, _ = run_all(train_x, parameters)
print("accuracy:", np.mean(pred.argmax(0) == train_y.argmax(0)))
