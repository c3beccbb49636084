import math

import numpy as np


class Connection:
    def __init__(self, source):
        self.source = source
        self.weight = np.random.normal()
        self.dWeight = 0.0


class Neuron:
    eta = 0.05
    alpha = 0.1

    def __init__(self, layer):
        self.dendrons = []
        self.error = 0.0
        self.gradient = 0.0
        self.output = 0.0
        if layer is not None:
            for neuron in layer:
                self.dendrons.append(Connection(neuron))

    def addError(self, err):
        self.error = self.error + err

    def sigmoid(self, x):
        return 1 / (1 + math.exp(-x * 1.0))

    def slope(self, x):
        return x * (1.0 - x)

    def setError(self, err):
        self.error = err

    def setOutput(self, output):
        self.output = output

    def getOutput(self):
        return self.output

    def fire(self):
        total = 0
        if len(self.dendrons) == 0:
            return
        for dendron in self.dendrons:
            total = total + dendron.source.getOutput() * dendron.weight
        self.output = self.sigmoid(total)

    def backPropagate(self):
        self.gradient = self.error * self.slope(self.output)
        for dendron in self.dendrons:
            dendron.dWeight = Neuron.eta * (dendron.source.output * self.gradient) + self.alpha * dendron.dWeight
        for dendron in self.dendrons:
            dendron.source.addError(dendron.weight * self.gradient)
            dendron.weight = dendron.weight + dendron.dWeight
        self.error = 0
