from neuron import Neuron


class Network:
    def __init__(self, topology):
        self.layers = []
        for numNeuron in topology:
            layer = []
            for i in range(numNeuron):
                if len(self.layers) == 0:
                    layer.append(Neuron(None))
                else:
                    layer.append(Neuron(self.layers[-1]))
            layer.append(Neuron(None))
            layer[-1].setOutput(1)
            self.layers.append(layer)

    def setInput(self, inputs):
        for i in range(len(inputs)):
            self.layers[0][i].setOutput(inputs[i])

    def fire(self):
        for layer in self.layers[1:]:
            for neuron in layer:
                neuron.fire()

    def backPropagate(self, target):
        for i in range(len(target)):
            self.layers[-1][i].setError(target[i] - self.layers[-1][i].getOutput())
        for layer in self.layers[::-1]:
            for neuron in layer:
                neuron.backPropagate()

    def decisions(self):
        output = []
        for neuron in self.layers[-1]:
            o = neuron.getOutput()
            if o > 0.5:
                o = 1
            else:
                o = 0
            output.append(o)
        output.pop()
        return output
