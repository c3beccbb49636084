"""Samples in columns, one counter that walks through the data again and again."""

import numpy as np

np.random.seed(5)
count, size = 60, 12
points = np.hstack([np.random.randn(2, 30) - 1, np.random.randn(2, 30) + 1])
flags = np.concatenate([np.zeros(30), np.ones(30)])
weights, offset = np.random.randn(1, 2) * 0.1, np.zeros((1, 1))

step = 0
while step < 200:
    start = step * size % count
    part = points[:, start:start + size]  # expect: unshuffled-minibatches
    truth = flags[start:start + size]
    guess = 1 / (1 + np.exp(-(weights @ part + offset)))
    loss = -np.mean(truth * np.log(guess) + (1 - truth) * np.log(1 - guess))
    push = (guess - truth) / size
    weights = weights - 0.5 * push @ part.T
    offset = offset - 0.5 * push.sum(axis=1, keepdims=True)
    if step % 50 == 0:
        print(step, loss)
    step += 1
