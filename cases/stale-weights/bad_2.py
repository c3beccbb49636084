import numpy as np


class Dense:
    def __init__(self, inputs, outputs):
        self.weights = np.random.randn(inputs, outputs) * np.sqrt(2.0 / inputs)
        self.biases = np.zeros(outputs)

    def forward(self, x):
        self.x = x
        return np.dot(x, self.weights) + self.biases

    def backward(self, grad_output, learning_rate):
        grad_weights = np.dot(self.x.T, grad_output)
        grad_biases = grad_output.sum(axis=0)
        self.weights = self.weights - learning_rate * grad_weights
        self.biases = self.biases - learning_rate * grad_biases
        return np.dot(grad_output, self.weights.T)  # expect: stale-weights


class Relu:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, grad_output, learning_rate):
        return grad_output * self.mask


def softmax_loss(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -logp[np.arange(len(labels)), labels].mean()
    grad = np.exp(logp)
    grad[np.arange(len(labels)), labels] -= 1
    return loss, grad / len(labels)


np.random.seed(20)
X = np.random.randn(96, 6)
y = (np.linalg.norm(X[:, :2], axis=1) > 1).astype(int) + (X[:, 3] > 1)
network = [Dense(6, 16), Relu(), Dense(16, 12), Relu(), Dense(12, 3)]
for epoch in range(5):
    order = np.random.permutation(len(X))
    for k in range(0, len(X), 24):
        rows = order[k:k + 24]
        a = X[rows]
        for layer in network:
            a = layer.forward(a)
        loss, grad = softmax_loss(a, y[rows])
        for layer in network[::-1]:
            grad = layer.backward(grad, 0.1)
    print("epoch", epoch, "loss", loss)
