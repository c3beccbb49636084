import matplotlib.pyplot as plt
import numpy as np
from tensorflow.keras.datasets import fashion_mnist

(pics, kinds), (test_pics, test_kinds) = fashion_mnist.load_data()

DEPTH = 2                       # hidden layers
WIDTH = 300
CLASSES = int(kinds.max()) + 1
RATE = 0.1
ROUNDS = 40
PARTS = 100


def rows(pictures):
    return np.reshape(pictures, (pictures.shape[0], pictures.shape[1] * pictures.shape[2]))


def indicator(numbers):
    table = np.zeros((numbers.shape[0], CLASSES))
    table[np.arange(numbers.shape[0]), numbers] = 1
    return table


inputs, test_inputs = rows(pics) / 255, rows(test_pics) / 255
targets, test_targets = indicator(kinds), indicator(test_kinds)

theta = [np.random.normal(0, 0.01, (inputs.shape[1] + 1, WIDTH))]
for _ in range(DEPTH - 1):
    theta.append(np.random.normal(0, 0.01, (WIDTH + 1, WIDTH)))
theta.append(np.random.normal(0, 0.01, (WIDTH + 1, CLASSES)))
curve = []


def share(u):
    top = np.exp(u - u.max(1)[:, np.newaxis])
    return top / top.sum(1)[:, np.newaxis]


def ramp(u):
    return np.maximum(u, 0)


def ramp_slope(u):
    return (u >= 0).astype(int)


def with_one(block):
    return np.append(block, np.ones((len(block), 1)), axis=1)


def cross_entropy(wanted, got):
    return -np.sum(wanted * np.log(got)) / len(wanted)


def run(block):
    pre, post = [None] * (DEPTH + 2), [None] * (DEPTH + 2)
    post[0] = with_one(block)
    for k in range(DEPTH):
        pre[k + 1] = post[k] @ theta[k]
        post[k + 1] = with_one(ramp(pre[k + 1]))
    pre[-1] = post[DEPTH] @ theta[DEPTH]
    post[-1] = share(pre[-1])
    return pre, post


def examine():
    _, post = run(test_inputs)
    curve.append(cross_entropy(test_targets, post[-1]))


def descend():
    size = len(inputs) // PARTS
    for tour in range(ROUNDS):
        order = list(np.random.permutation(inputs.shape[0]))
        mixed_inputs = inputs[order]
        mixed_targets = targets[order]
        print("round", tour)

        for first in range(0, mixed_inputs.shape[0], size):
            block = mixed_inputs[first:first + size]
            wanted = mixed_targets[first:first + size]
            pre, post = run(block)

            blame = [None] * (DEPTH + 2)
            blame[-1] = wanted - post[-1]
            for k in range(DEPTH, 0, -1):
                blame[k] = (blame[k + 1] @ theta[k].T)[:, :-1] * ramp_slope(pre[k])

            for k in range(len(theta)):
                push = post[k].T @ blame[k + 1] / size
                theta[k] = theta[k] + RATE * push

        examine()


descend()
plt.plot(curve)
plt.xlabel("round")
plt.show()
