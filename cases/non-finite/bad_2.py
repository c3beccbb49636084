import numpy as np

np.random.seed(0)


class Distance:
    """Pulls points towards their targets by the plain distance, whose derivative divides by it."""

    def __init__(self, targets):
        self.targets = targets
        self.P = np.random.randn(*targets.shape)
        self.P[4] = targets[4]

    def step(self, rate):
        gap = self.P - self.targets
        length = np.sqrt(np.sum(gap ** 2, axis=1, keepdims=True))
        pull = gap / length  # expect: non-finite
        self.P -= rate * pull
        return length.sum()


model = Distance(np.random.randn(12, 2))
for tour in range(15):
    print(model.step(0.05))
