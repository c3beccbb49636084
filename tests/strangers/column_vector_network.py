import random

import numpy as np


def act(z):
    return 1.0 / (1.0 + np.exp(-z))


def act_slope(z):
    return act(z) * (1 - act(z))


class Network(object):
    """Feedforward net, every sample is a column, one after the other."""

    def __init__(self, sizes):
        self.depth = len(sizes)
        self.weights = [np.random.randn(n, m) for m, n in zip(sizes, sizes[1:])]
        self.biases = [np.random.randn(n, 1) for n in sizes[1:]]

    def answer(self, a):
        for w, b in zip(self.weights, self.biases):
            a = act(np.dot(w, a) + b)
        return a

    def learn(self, samples, epochs, batch_size, eta, check=None):
        for epoch in range(epochs):
            random.shuffle(samples)
            for k in range(0, len(samples), batch_size):
                self.learn_batch(samples[k:k + batch_size], eta)
            if check:
                print("Epoch %d: %d of %d" % (epoch, self.count_right(check), len(check)))

    def learn_batch(self, batch, eta):
        sum_w = [np.zeros(w.shape) for w in self.weights]
        sum_b = [np.zeros(b.shape) for b in self.biases]
        for x, y in batch:
            one_w, one_b = self.slopes(x, y)
            sum_w = [s + o for s, o in zip(sum_w, one_w)]
            sum_b = [s + o for s, o in zip(sum_b, one_b)]
        self.weights = [w - (eta / len(batch)) * s for w, s in zip(self.weights, sum_w)]
        self.biases = [b - (eta / len(batch)) * s for b, s in zip(self.biases, sum_b)]

    def slopes(self, x, y):
        one_w = [np.zeros(w.shape) for w in self.weights]
        one_b = [np.zeros(b.shape) for b in self.biases]
        a = x
        outs = [x]
        zs = []
        for w, b in zip(self.weights, self.biases):
            zs.append(np.dot(w, a) + b)
            a = act(zs[-1])
            outs.append(a)
        delta = (outs[-1] - y) * act_slope(zs[-1])
        one_b[-1] = delta
        one_w[-1] = np.dot(delta, outs[-2].transpose())
        for l in range(2, self.depth):
            delta = np.dot(self.weights[-l + 1].transpose(), delta) * act_slope(zs[-l])
            one_b[-l] = delta
            one_w[-l] = np.dot(delta, outs[-l - 1].transpose())
        return one_w, one_b

    def count_right(self, pairs):
        return sum(int(np.argmax(self.answer(x)) == c) for x, c in pairs)


def unit(j):
    e = np.zeros((4, 1))
    e[j] = 1.0
    return e


def make_blobs(n):
    centres = np.array([[2, 0, 1], [-2, 1, 0], [0, -2, -1], [1, 2, -2]])
    labels = [random.randrange(4) for _ in range(n)]
    return [(np.reshape(centres[c] + 0.6 * np.random.randn(3), (3, 1)), c) for c in labels]


if __name__ == "__main__":
    training = [(x, unit(c)) for x, c in make_blobs(120)]
    net = Network([3, 8, 5, 4])
    net.learn(training, 5, 10, 3.0, check=make_blobs(40))
