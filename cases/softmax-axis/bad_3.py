import numpy as np

rng = np.random.default_rng(8)
samples = rng.normal(size=(4, 50))  # one sample a column
truth = np.zeros((3, 50))
truth[np.argmax(samples[:3], axis=0), range(50)] = 1
model = {"W": rng.normal(size=(3, 4)) * 0.2, "b": np.zeros((3, 1))}

for step in range(25):
    raised = np.exp(model["W"] @ samples + model["b"] - 1.0)
    chance = raised / raised.sum(axis=1, keepdims=True)  # expect: softmax-axis
    cost = -np.mean(np.sum(truth * np.log(chance), axis=0))
    gap = (chance - truth) / 50
    model["W"] = model["W"] - 0.4 * gap @ samples.T
    model["b"] = model["b"] - 0.4 * gap.sum(axis=1, keepdims=True)
