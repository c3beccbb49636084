"""Samples one by one inside a batch; their gradients are added up and never divided."""

import random

import numpy as np

random.seed(2)
np.random.seed(2)
features = np.random.randn(90, 5)
flags = (features[:, 0] * 2 - features[:, 3] > 0).astype(float)
w = np.zeros(5)
bias = np.zeros(1)
numbers = list(range(90))
group = 9

for tour in range(10):
    random.shuffle(numbers)
    for first in range(0, 90, group):
        grad_w, grad_b = np.zeros(5), np.zeros(1)
        for k in numbers[first:first + group]:
            x = features[k]
            p = 1 / (1 + np.exp(-(w @ x + bias)))
            grad_w += (p - flags[k]) * x
            grad_b += p - flags[k]
        w -= 0.05 * grad_w  # expect: batch-scale-sum
        bias -= 0.05 * grad_b
    print(tour, w)
