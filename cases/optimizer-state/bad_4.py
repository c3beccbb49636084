import numpy as np

rng = np.random.default_rng(3)
inputs = rng.normal(size=(60, 6))
targets = np.sin(inputs @ rng.normal(size=(6, 6)))

A = rng.normal(size=(6, 6)) * 0.4
B = rng.normal(size=(6, 6)) * 0.4
vA = vB = np.zeros((6, 6))  # expect: optimizer-state

for k in range(200):
    hidden = np.tanh(inputs @ A)
    guess = hidden @ B
    loss = 0.5 * np.sum((guess - targets) ** 2) / len(inputs)
    back = (guess - targets) / len(inputs)
    gB = hidden.T @ back
    gA = inputs.T @ (back @ B.T * (1 - hidden ** 2))
    vA *= 0.8
    vA += gA
    A -= 0.05 * vA
    vB *= 0.8
    vB += gB
    B -= 0.05 * vB
    if k % 50 == 0:
        print(k, loss)
