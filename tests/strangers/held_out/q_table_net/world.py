import numpy as np


class Ring:
    """Five places in a circle; stepping onto place 0 pays."""
    places = 5
    moves = (-1, +1)

    def __init__(self):
        self.at = np.random.randint(self.places)

    def view(self):
        angle = 2 * np.pi * self.at / self.places
        return np.array([np.cos(angle), np.sin(angle), 1.0])

    def act(self, move):
        self.at = (self.at + self.moves[move]) % self.places
        return 1.0 if self.at == 0 else 0.0
