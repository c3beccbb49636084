import numpy as np

np.random.seed(10)
inp = np.random.rand(42, 5)
lab = (inp.sum(axis=1) > 2.5).astype(float)[:, None]

weights = [np.random.randn(5, 5) * 0.5, np.random.randn(5, 5) * 0.5, np.random.randn(5, 1) * 0.5]
for e in range(50):
    tape = []
    signal = inp
    for w in weights[:-1]:
        tape.append(signal.copy())
        signal = np.tanh(signal @ w)
    tape.append(signal)
    prob = 1 / (1 + np.exp(-(signal @ weights[-1])))
    loss = -np.mean(lab * np.log(prob) + (1 - lab) * np.log(1 - prob))
    blame = (prob - lab) / len(inp)
    changes = []
    following = signal
    for w in weights[::-1]:
        before = tape.pop()
        changes.append(before.T @ blame)
        blame = (blame @ w.T) * (1 - before ** 2)
    for w, change in zip(weights, changes[::-1]):
        w -= 0.7 * change
    if e % 10 == 0:
        print(e, float(loss))
