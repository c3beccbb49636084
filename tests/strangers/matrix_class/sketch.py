import random

from nn import NeuralNetwork

training_data = [
    {"inputs": [0, 1], "targets": [1, 0, 1]},
    {"inputs": [1, 0], "targets": [1, 0, 1]},
    {"inputs": [0, 0], "targets": [0, 1, 0]},
    {"inputs": [1, 1], "targets": [0, 1, 1]},
]

nn = NeuralNetwork(2, 4, 3)
for _ in range(1500):
    data = random.choice(training_data)
    nn.train(data["inputs"], data["targets"])

for data in training_data:
    print(data["inputs"], [round(v, 2) for v in nn.predict(data["inputs"])])
