import numpy
import scipy.special
import matplotlib.pyplot

class QueryNet:

    def __init__(self, inputnodes, hiddennodes, outputnodes, learningrate):
        self.inodes = inputnodes
        self.hnodes = hiddennodes
        self.onodes = outputnodes
        self.wih = numpy.random.normal(0.0, pow(self.inodes, -0.5), (self.hnodes, self.inodes))
        self.who = numpy.random.normal(0.0, pow(self.hnodes, -0.5), (self.onodes, self.hnodes))
        self.lr = learningrate
        self.squash = lambda x: scipy.special.expit(x)

    def train(self, given, wanted):
        inputs = numpy.array(given, ndmin=2).T
        targets = numpy.array(wanted, ndmin=2).T

        into_hidden = numpy.dot(self.wih, inputs)
        hidden_outputs = self.squash(into_hidden)
        last_inputs = numpy.dot(self.who, hidden_outputs)
        last_outputs = self.squash(last_inputs)

        misses = targets - last_outputs
        hidden_misses = numpy.dot(self.who.T, misses * last_outputs * (1.0 - last_outputs))

        self.who += self.lr * numpy.dot((misses * last_outputs * (1.0 - last_outputs)), numpy.transpose(hidden_outputs))
        self.wih += self.lr * numpy.dot((hidden_misses * hidden_outputs * (1.0 - hidden_outputs)), numpy.transpose(inputs))

    def query(self, given):
        inputs = numpy.array(given, ndmin=2).T
        hidden_outputs = self.squash(numpy.dot(self.wih, inputs))
        return self.squash(numpy.dot(self.who, hidden_outputs))


records = []
for label in range(5):
    for k in range(14):
        picture = numpy.random.randint(0, 60, 16)
        picture[label * 3:label * 3 + 3] += 180
        records.append(",".join([str(label)] + [str(v) for v in picture]))

n = QueryNet(16, 11, 5, 0.3)

epochs = 5
for e in range(epochs):
    for record in records:
        all_values = record.split(',')
        inputs = (numpy.asarray(all_values[1:], dtype=float) / 255.0 * 0.99) + 0.01
        targets = numpy.zeros(5) + 0.01
        targets[int(all_values[0])] = 0.99
        n.train(inputs, targets)

scorecard = []
for record in records:
    all_values = record.split(',')
    outputs = n.query((numpy.asarray(all_values[1:], dtype=float) / 255.0 * 0.99) + 0.01)
    scorecard.append(1 if numpy.argmax(outputs) == int(all_values[0]) else 0)
print("performance = ", sum(scorecard) / len(scorecard))
matplotlib.pyplot.imshow(numpy.asarray(records[0].split(',')[1:], dtype=float).reshape(4, 4), cmap='Greys')
matplotlib.pyplot.show()
