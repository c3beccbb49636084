import numpy as np


def pegasos(samples, lam=0.05, rounds=300):
    """Linear SVM, one random sample at a time."""
    dim = len(samples[0][0])
    w = np.zeros(dim)
    offset = 0.0
    t = 0
    while t < rounds:
        t += 1
        eta = 1.0 / (lam * (t + 20))
        x, label = samples[np.random.randint(len(samples))]
        score = w @ x + offset
        inside = label * score < 1
        w *= 1 - eta * lam
        if inside:
            w += eta * label * x
            offset += eta * label
    return w, offset


def draw(n):
    out = []
    for _ in range(n):
        label = np.random.choice([-1, 1])
        out.append((np.random.randn(4) + label * np.array([1.0, -1.0, 0.5, 0.0]), label))
    return out


train, test = draw(90), draw(50)
w, offset = pegasos(train)
print("w", w.round(3), "offset", round(offset, 3))
print("test accuracy", np.mean([np.sign(w @ x + offset) == label for x, label in test]))
