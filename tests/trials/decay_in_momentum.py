"""nanonn, week 5: layers from a registry, optimizer with parameter *groups* (biases are not decayed)."""
from abc import ABC, abstractmethod

import numpy as np

LAYERS = {}


def register(name):
    def wrap(cls):
        LAYERS[name] = cls
        return cls
    return wrap


class Parameter:
    __slots__ = ("data", "grad", "decay")

    def __init__(self, data, decay=True):
        self.data, self.decay = data, decay
        self.grad = np.zeros_like(data)


class Layer(ABC):
    training = True

    @abstractmethod
    def forward(self, x): ...
    @abstractmethod
    def backward(self, grad): ...

    @property
    def parameters(self):
        return [p for p in vars(self).values() if isinstance(p, Parameter)]

    def __call__(self, x):
        return self.forward(x)


@register("linear")
class Linear(Layer):
    def __init__(self, n_in, n_out, rng):
        self.weight = Parameter(rng.normal(0.0, np.sqrt(2.0 / n_in), (n_out, n_in)))
        self.bias = Parameter(np.zeros(n_out), decay=False)

    def forward(self, x):
        self._x = x
        return x @ self.weight.data.T + self.bias.data

    def backward(self, grad):
        self.weight.grad += grad.T @ self._x
        self.bias.grad += grad.sum(axis=0)
        return grad @ self.weight.data


@register("relu")
class ReLU(Layer):
    def forward(self, x):
        self._on = x > 0
        return np.where(self._on, x, 0.0)

    def backward(self, grad):
        return np.where(self._on, grad, 0.0)


@register("dropout")
class Dropout(Layer):
    def __init__(self, rate, rng):
        self.rate, self.rng = rate, rng

    def forward(self, x):
        if not self.training:
            self._scale = 1.0
            return x
        self._scale = (self.rng.random(x.shape) >= self.rate) / (1.0 - self.rate)
        return x * self._scale

    def backward(self, grad):
        return grad * self._scale


class Model:
    def __init__(self, *config):
        self.layers = [LAYERS[kind](*args) for kind, *args in config]

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)

    def mode(self, training):
        for layer in self.layers:
            layer.training = training

    def parameters(self):
        return [p for layer in self.layers for p in layer.parameters]


class SoftmaxCrossEntropy:
    def __call__(self, logits, labels):
        z = logits - logits.max(axis=1, keepdims=True)
        self.p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        self.y = labels
        return -np.log(np.take_along_axis(self.p, labels[:, None], axis=1)).mean()

    def backward(self):
        g = self.p.copy()
        g[np.arange(len(g)), self.y] -= 1.0
        return g / len(g)


class SGD:
    def __init__(self, groups, lr, momentum=0.9):
        self.groups, self.lr, self.momentum = groups, lr, momentum
        self.buf = {id(p): np.zeros_like(p.data) for g in groups for p in g["params"]}

    def step(self):
        for group in self.groups:
            for p in group["params"]:
                v = self.buf[id(p)]
                v *= self.momentum
                v += p.grad + group["weight_decay"] * p.data
                p.data -= self.lr * v
                p.grad.fill(0.0)


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 1.6, (4, 10))
    labels = rng.integers(0, 4, 600)
    data = centres[labels] + rng.normal(0, 1.0, (600, 10))
    net = Model(("linear", 10, 32, rng), ("relu",), ("dropout", 0.3, rng),
                ("linear", 32, 16, rng), ("relu",), ("linear", 16, 4, rng))
    criterion = SoftmaxCrossEntropy()
    opt = SGD([{"params": [p for p in net.parameters() if p.decay], "weight_decay": 1e-3},
               {"params": [p for p in net.parameters() if not p.decay], "weight_decay": 0.0}], lr=0.05)
    for epoch in range(20):
        net.mode(True)
        order = rng.permutation(500)
        for batch in np.split(order, 10):
            loss = criterion(net(data[batch]), labels[batch])
            net.backward(criterion.backward())
            opt.step()
        net.mode(False)
        out = net(data[500:])
        print(f"{epoch:2d} held-out loss {criterion(out, labels[500:]):.4f} acc {(out.argmax(1) == labels[500:]).mean():.3f}")
