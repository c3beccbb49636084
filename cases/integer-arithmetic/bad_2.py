import numpy as np

np.random.seed(3)


class Perceptron:
    """Learns from the difference of two small integers."""

    def __init__(self, inputs):
        self.w = np.random.randn(inputs, 1) * 0.1

    def train(self, x, wanted, rate):
        p = 1 / (1 + np.exp(-(x @ self.w)))
        answer = (p > 0.5).astype(np.uint8)
        wrong = answer - wanted  # expect: integer-arithmetic
        loss = np.mean((p - wanted) ** 2)
        self.w = self.w - rate * x.T @ (wrong * p * (1 - p)) / len(x)
        return loss


x = np.random.randn(60, 4)
wanted = (x[:, :1] - x[:, 1:2] > 0).astype(np.uint8)
unit = Perceptron(4)
for tour in range(20):
    print(unit.train(x, wanted, 0.01))
