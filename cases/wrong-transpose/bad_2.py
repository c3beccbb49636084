import numpy as np


class FullyConnected:
    def __init__(self, size, rng):
        self.weight = rng.normal(0, 1 / np.sqrt(size), (size, size))
        self.bias = np.zeros((1, size))

    def forward(self, x):
        self.input = x
        return np.dot(x, self.weight) + self.bias

    def backward(self, grad):
        self.d_weight = np.dot(grad.T, self.input)  # expect: wrong-transpose
        self.d_bias = np.sum(grad, axis=0, keepdims=True)
        return np.dot(grad, self.weight.T)

    def update(self, rate):
        self.weight -= rate * self.d_weight
        self.bias -= rate * self.d_bias


class Sigmoid:
    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, grad):
        return grad * self.out * (1 - self.out)

    def update(self, rate):
        pass


rng = np.random.default_rng(14)
patterns = (rng.random((24, 8)) < 0.4).astype(float)
layers = [FullyConnected(8, rng), Sigmoid(), FullyConnected(8, rng), Sigmoid()]
for epoch in range(50):
    value = patterns
    for layer in layers:
        value = layer.forward(value)
    loss = -np.mean(np.sum(patterns * np.log(value) + (1 - patterns) * np.log(1 - value), axis=1))
    grad = (value - patterns) / (value * (1 - value)) / len(patterns)
    for layer in layers[::-1]:
        grad = layer.backward(grad)
    for layer in layers:
        layer.update(0.5)
    if epoch % 10 == 0:
        print("epoch", epoch, "reconstruction", loss)
