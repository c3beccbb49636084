# No numpy on the target machine, so plain lists. weights[0] of every neuron is the bias.
import math
import random
random.seed(100)

def makeNeuron(nInputs):
    return { 'weights': [random.uniform(-0.8, 0.8) for _ in range(nInputs + 1)] }

def makeNetwork(*sizes):
    return [ [makeNeuron(sizes[l - 1]) for _ in range(sizes[l])] for l in range(1, len(sizes)) ]

def weightedSum(weights, inputs):
    total = weights[0]
    for i in range(len(inputs)):
        total += weights[i + 1] * inputs[i]
    return total

def forward(network, row):
    inputs = row
    for layer in network:
        outputs = []
        for neuron in layer:
            neuron['output'] = 1.0 / (1.0 + math.exp(-weightedSum(neuron['weights'], inputs)))
            outputs.append(neuron['output'])
        inputs = outputs
    return inputs

def backward(network, expected):
    for l in reversed(range(len(network))):
        layer = network[l]
        for j, neuron in enumerate(layer):
            if l == len(network) - 1:
                error = expected[j] - neuron['output']
            else:
                error = 0.0
                for nextNeuron in network[l + 1]:
                    error += nextNeuron['weights'][j] * nextNeuron['delta']
            neuron['delta'] = error * neuron['output'] * (1.0 - neuron['output'])

def update(network, row, rate):
    for l, layer in enumerate(network):
        inputs = row if l == 0 else [n['output'] for n in network[l - 1]]
        for neuron in layer:
            neuron['weights'][0] += rate * neuron['delta']
            for i in range(len(inputs)):
                neuron['weights'][i + 1] += rate * neuron['delta'] * inputs[i]

def makeData(n):
    # three fuzzy blobs in the plane
    centers = [(0.0, 0.0), (2.0, 0.3), (0.8, 1.9)]
    data = []
    for k in range(n):
        c = k % 3
        x = [random.gauss(centers[c][0], 0.4), random.gauss(centers[c][1], 0.4)]
        data.append((x, [1 if i == c else 0 for i in range(3)]))
    return data

dataset = makeData(60)
network = makeNetwork(2, 5, 3)
for epoch in range(1, 201):
    sumError = 0.0
    for row, expected in dataset:
        outputs = forward(network, row)
        sumError += sum(0.5 * (e - o) ** 2 for e, o in zip(expected, outputs))
        backward(network, expected)
        update(network, row, 0.3)
    if epoch % 50 == 0:
        print('> epoch=%d, error=%.4f' % (epoch, sumError))

correct = 0
for row, expected in dataset:
    outputs = forward(network, row)
    if outputs.index(max(outputs)) == expected.index(1):
        correct += 1
print('correct: %d of %d' % (correct, len(dataset)))
