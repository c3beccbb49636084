import math
import random

random.seed(4)


class Model:
    def __init__(self, inputs, classes):
        self.w = [[random.uniform(-0.3, 0.3) for _ in range(inputs)] for _ in range(classes)]

    def predict(self, x):
        z = [sum(a * b for a, b in zip(row, x)) for row in self.w]
        raised = [math.exp(v) for v in z]  # expect: softmax-overflow
        total = sum(raised)
        return [r / total for r in raised]

    def train(self, x, label, rate):
        p = self.predict(x)
        for k in range(len(self.w)):
            delta = p[k] - (1.0 if k == label else 0.0)
            for i in range(len(x)):
                self.w[k][i] -= rate * delta * x[i]
        return -math.log(p[label])


points = [([random.gauss(0, 1) for _ in range(4)], i % 3) for i in range(30)]
for x, label in points:
    x[label] += 1.5
model = Model(4, 3)
for tour in range(3):
    total = 0.0
    for x, label in points:
        total += model.train(x, label, 0.1)
    print(total / len(points))
