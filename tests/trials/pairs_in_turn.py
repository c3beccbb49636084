import math

import numpy as np


def squash(v):
    return 1.0 / (1.0 + math.exp(-v))


rng = np.random.default_rng(12)
text = rng.integers(0, 14, 160)
near = rng.normal(0, 0.3, (14, 6))
far = rng.normal(0, 0.3, (14, 6))
rate = 0.05

for epoch in range(3):
    for at in range(2, len(text) - 2):
        middle = text[at]
        for beside in (text[at - 2], text[at - 1], text[at + 1], text[at + 2]):
            others = [w for w in rng.choice(14, size=4, replace=False) if w != beside]
            held = near[middle].copy()
            back = np.zeros(6)
            for word, sign in [(beside, 1.0)] + [(w, 0.0) for w in others]:
                off = squash(np.dot(held, far[word])) - sign
                back += off * far[word]
                far[word] -= rate * off * held
            near[middle] -= rate * back
    print(epoch, np.abs(near).mean())
