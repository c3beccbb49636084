from numpy import array, dot, exp, random


def sigmoid_derivative(x):
    return x * (1 - x)


def sigmoid(x):
    return 1 / (1 + exp(-x))


random.seed(1)
training_inputs = array([[0, 0, 1], [1, 1, 1], [1, 0, 1], [0, 1, 1], [0.5, 0.2, 1]])
training_outputs = array([[0, 1, 1, 0, 0.5]]).T
synaptic = 2 * random.random((3, 4)) - 1
output_weights = 2 * random.random((4, 1)) - 1

for iteration in range(100):
    hidden = sigmoid(dot(training_inputs, synaptic))
    output = sigmoid(dot(hidden, output_weights))
    error = training_outputs - output
    squared = (error ** 2).sum() / 2
    delta = error * sigmoid_derivative(output)
    hidden_delta = dot(delta, output_weights.T) * sigmoid_derivative(hidden)
    output_weights += dot(hidden.T, delta)
    synaptic += dot(training_inputs.T, hidden_delta)
    if iteration % 25 == 0:
        print(iteration, squared)
