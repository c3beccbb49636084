from matrix import *


class NeuralNetwork:
    def __init__(self, input_nodes, hidden_nodes, output_nodes):
        self.weights_ih = Matrix(hidden_nodes, input_nodes).randomize()
        self.weights_ho = Matrix(output_nodes, hidden_nodes).randomize()
        self.bias_h = Matrix(hidden_nodes, 1).randomize()
        self.bias_o = Matrix(output_nodes, 1).randomize()
        self.learning_rate = 0.2

    def feedforward(self, inputs):
        hidden = Matrix.product(self.weights_ih, inputs)
        hidden.add(self.bias_h)
        hidden.map(sigmoid)
        output = Matrix.product(self.weights_ho, hidden)
        output.add(self.bias_o)
        output.map(sigmoid)
        return hidden, output

    def predict(self, arr):
        return self.feedforward(Matrix.from_array(arr))[1].to_array()

    def train(self, input_array, target_array):
        inputs = Matrix.from_array(input_array)
        hidden, outputs = self.feedforward(inputs)
        targets = Matrix.from_array(target_array)

        output_errors = Matrix.subtract(targets, outputs)
        gradients = Matrix.mapped(outputs, dsigmoid)
        gradients.multiply(output_errors)
        hidden_errors = Matrix.product(Matrix.transpose(self.weights_ho), gradients)
        gradients.multiply(self.learning_rate)

        weights_ho_deltas = Matrix.product(gradients, Matrix.transpose(hidden))
        self.weights_ho.add(weights_ho_deltas)
        self.bias_o.add(gradients)

        hidden_gradient = Matrix.mapped(hidden, dsigmoid)
        hidden_gradient.multiply(hidden_errors)
        hidden_gradient.multiply(self.learning_rate)
        weights_ih_deltas = Matrix.product(hidden_gradient, Matrix.transpose(inputs))
        self.weights_ih.add(weights_ih_deltas)
        self.bias_h.add(hidden_gradient)
