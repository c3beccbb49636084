from math import exp
from random import random, seed

seed(1)


def build(*widths):
	return [[{'weights': [random() - 0.5 for _ in range(below + 1)]} for _ in range(here)]
		for below, here in zip(widths, widths[1:])]


def excite(weights, inputs):
	total = weights[-1]
	for i in range(len(inputs)):
		total += weights[i] * inputs[i]
	return 1.0 / (1.0 + exp(-total))


def propagate(network, row):
	signal = row
	for layer in network:
		for neuron in layer:
			neuron['output'] = excite(neuron['weights'], signal)
		signal = [neuron['output'] for neuron in layer]
	return signal


def blame(network, expected):
	for i in reversed(range(len(network))):
		layer = network[i]
		for j, neuron in enumerate(layer):
			if i == len(network) - 1:
				error = neuron['output'] - expected[j]
			else:
				error = 0.0
				for above in network[i + 1]:
					error += above['weights'][j] * above['delta']
			neuron['delta'] = error * neuron['output'] * (1.0 - neuron['output'])


def adjust(network, row, rate):
	inputs = row
	for layer in network:
		for neuron in layer:
			for j in range(len(inputs)):
				neuron['weights'][j] -= rate * neuron['delta'] * inputs[j]
			neuron['weights'][-1] -= rate * neuron['delta']
		inputs = [neuron['output'] for neuron in layer]


rows = [([2.8, 2.6], 0), ([1.5, 2.3], 0), ([3.4, 4.4], 0), ([1.4, 1.8], 0), ([0.2, 3.1], 0),
	([7.6, 2.8], 1), ([5.3, 2.1], 1), ([6.9, 1.8], 1), ([8.7, -0.2], 1)]
network = build(2, 3, 2)

for epoch in range(20):
	sum_error = 0
	for row, kind in rows:
		outputs = propagate(network, row)
		expected = [0, 0]
		expected[kind] = 1
		sum_error += sum([(e - o) ** 2 for e, o in zip(expected, outputs)])
		blame(network, expected)
		adjust(network, row, 0.5)
	print('epoch %d, error %.3f' % (epoch, sum_error))

for layer in network:
	print(layer)
