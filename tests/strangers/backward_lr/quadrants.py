import numpy as np

from activations import Softmax, Tanh
from dense import Dense
from losses import categorical_cross_entropy, categorical_cross_entropy_prime
from network import predict, train

# four quadrants of the plane, one class each
X = np.random.uniform(-1, 1, (40, 2, 1))
Y = np.zeros((40, 4, 1))
for row, (a, b) in zip(Y, X[:, :, 0]):
    row[2 * (a > 0) + (b > 0)] = 1

network = [
    Dense(2, 7),
    Tanh(),
    Dense(7, 4),
    Softmax()
]

train(network, categorical_cross_entropy, categorical_cross_entropy_prime, X, Y, epochs=8, learning_rate=0.05)

right = 0
for x, y in zip(X, Y):
    right += np.argmax(predict(network, x)) == np.argmax(y)
print("right:", right, "of", len(X))
