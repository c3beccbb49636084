import numpy
# scipy.special for the sigmoid function expit()
import scipy.special
import matplotlib.pyplot

# neural network class definition
class neuralNetwork:

    def __init__(self, inputnodes, hiddennodes, outputnodes, learningrate):
        self.inodes = inputnodes
        self.hnodes = hiddennodes
        self.onodes = outputnodes
        self.wih = numpy.random.normal(0.0, pow(self.inodes, -0.5), (self.hnodes, self.inodes))
        self.who = numpy.random.normal(0.0, pow(self.hnodes, -0.5), (self.onodes, self.hnodes))
        self.lr = learningrate
        self.activation_function = lambda x: scipy.special.expit(x)
        pass

    def train(self, inputs_list, targets_list):
        inputs = numpy.array(inputs_list, ndmin=2).T
        targets = numpy.array(targets_list, ndmin=2).T

        hidden_inputs = numpy.dot(self.wih, inputs)
        hidden_outputs = self.activation_function(hidden_inputs)
        final_inputs = numpy.dot(self.who, hidden_outputs)
        final_outputs = self.activation_function(final_inputs)

        output_errors = targets - final_outputs
        hidden_errors = numpy.dot(self.who.T, output_errors * final_outputs * (1.0 - final_outputs))

        self.who += self.lr * numpy.dot((output_errors * final_outputs * (1.0 - final_outputs)), numpy.transpose(hidden_outputs))
        self.wih += self.lr * numpy.dot((hidden_errors * hidden_outputs * (1.0 - hidden_outputs)), numpy.transpose(inputs))
        pass

    def query(self, inputs_list):
        inputs = numpy.array(inputs_list, ndmin=2).T
        hidden_outputs = self.activation_function(numpy.dot(self.wih, inputs))
        return self.activation_function(numpy.dot(self.who, hidden_outputs))


records = []
for label in range(5):
    for k in range(14):
        picture = numpy.random.randint(0, 60, 16)
        picture[label * 3:label * 3 + 3] += 180
        records.append(",".join([str(label)] + [str(v) for v in picture]))

n = neuralNetwork(16, 11, 5, 0.3)

epochs = 5
for e in range(epochs):
    for record in records:
        all_values = record.split(',')
        inputs = (numpy.asarray(all_values[1:], dtype=float) / 255.0 * 0.99) + 0.01
        targets = numpy.zeros(5) + 0.01
        targets[int(all_values[0])] = 0.99
        n.train(inputs, targets)
        pass
    pass

scorecard = []
for record in records:
    all_values = record.split(',')
    outputs = n.query((numpy.asarray(all_values[1:], dtype=float) / 255.0 * 0.99) + 0.01)
    scorecard.append(1 if numpy.argmax(outputs) == int(all_values[0]) else 0)
print("performance = ", sum(scorecard) / len(scorecard))
matplotlib.pyplot.imshow(numpy.asarray(records[0].split(',')[1:], dtype=float).reshape(4, 4), cmap='Greys')
matplotlib.pyplot.show()
