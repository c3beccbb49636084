import numpy as np

rng = np.random.default_rng(8)
samples = rng.normal(size=(4, 50))  # one sample a column
truth = np.zeros((3, 50))
truth[np.argmax(samples[:3], axis=0), range(50)] = 1
W = rng.normal(size=(3, 4)) * 0.2

for step in range(25):
    z = W @ samples
    raised = np.exp(z - z.max(axis=0))
    chance = raised / raised.sum(axis=0)
    cost = -np.mean(np.sum(truth * np.log(chance), axis=0))
    W = W - 0.4 * ((chance - truth) / 50) @ samples.T
print(cost)

words = rng.normal(size=(7, 5))
wanted = rng.normal(size=(7, 5))
Q = rng.normal(size=(5, 5)) * 0.3
for step in range(25):  # attention: rows sum to one, no labels
    s = words @ Q @ words.T
    e = np.exp(s - s.max(axis=1, keepdims=True))
    A = e / e.sum(axis=1, keepdims=True)
    out = A @ words
    loss = 0.5 * np.sum((out - wanted) ** 2)
    dA = (out - wanted) @ words.T
    ds = A * (dA - np.sum(dA * A, axis=1, keepdims=True))
    Q -= 0.01 * words.T @ ds @ words
print(loss)
