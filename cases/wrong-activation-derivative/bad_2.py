import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


class Net:
    """Weights and biases in lists; an example is a column."""

    def __init__(self, sizes):
        self.sizes = sizes
        self.biases = [np.random.randn(n, 1) for n in sizes[1:]]
        self.weights = [np.random.randn(n, m) / np.sqrt(m) for m, n in zip(sizes[:-1], sizes[1:])]

    def cost(self, data):
        total = 0.0
        for x, y in data:
            a = x
            for w, b in zip(self.weights, self.biases):
                a = sigmoid(w @ a + b)
            total += 0.5 * np.sum((a - y) ** 2)
        return total / len(data)

    def backprop(self, x, y):
        activations = [x]
        for w, b in zip(self.weights, self.biases):
            activations.append(sigmoid(w @ activations[-1] + b))
        out = activations[-1]
        delta = (out - y) * out * (1 - out)
        nabla_b, nabla_w = [delta], [delta @ activations[-2].T]
        for l in range(2, len(self.sizes)):
            a = activations[-l]
            delta = (self.weights[-l + 1].T @ delta) * (1 - a ** 2)  # expect: wrong-activation-derivative
            nabla_b.insert(0, delta)
            nabla_w.insert(0, delta @ activations[-l - 1].T)
        return nabla_b, nabla_w

    def train(self, data, epochs, size, eta):
        for epoch in range(epochs):
            np.random.shuffle(order := list(range(len(data))))
            for start in range(0, len(data), size):
                batch = [data[i] for i in order[start:start + size]]
                sum_b = [np.zeros_like(b) for b in self.biases]
                sum_w = [np.zeros_like(w) for w in self.weights]
                for x, y in batch:
                    nb, nw = self.backprop(x, y)
                    sum_b = [s + n for s, n in zip(sum_b, nb)]
                    sum_w = [s + n for s, n in zip(sum_w, nw)]
                self.weights = [w - eta / len(batch) * s for w, s in zip(self.weights, sum_w)]
                self.biases = [b - eta / len(batch) * s for b, s in zip(self.biases, sum_b)]
            print("epoch", epoch, self.cost(data))


np.random.seed(7)
samples = []
for _ in range(30):
    x = np.random.rand(3, 1)
    samples.append((x, np.array([[float(x.sum() > 1.5)], [float(x[0, 0] > x[1, 0])]])))
Net([3, 5, 4, 2]).train(samples, 4, 6, 2.0)
