import numpy as np

rng = np.random.default_rng(0)
batch, labels = rng.normal(size=(30, 4)), rng.integers(0, 3, 30)
theta = {"w": rng.normal(size=(4, 3)) * 0.1, "b": np.zeros(3)}


def log_probabilities(z):
    z = z - z.max()
    return z - np.log(np.exp(z).sum(axis=1))[:, None]  # expect: softmax-global-max


for step in range(15):
    logp = log_probabilities(batch @ theta["w"] + theta["b"])
    loss = -logp[np.arange(30), labels].mean()
    d = np.exp(logp)
    d[np.arange(30), labels] -= 1
    theta["w"] -= 0.2 * batch.T @ d / 30
    theta["b"] -= 0.2 * d.mean(axis=0)
print(loss)
