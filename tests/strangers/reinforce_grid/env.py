import random


class Corridor:
    """Walk to the right end; reward 1 there, small cost a step."""

    def __init__(self, length=6):
        self.length = length

    def reset(self):
        self.pos = random.randrange(1, self.length - 1)
        return self.pos

    def step(self, action):
        self.pos += (-1, 0, 1)[action]
        if self.pos <= 0:
            return 0, -1.0, True
        if self.pos >= self.length - 1:
            return self.length - 1, 1.0, True
        return self.pos, -0.05, False
