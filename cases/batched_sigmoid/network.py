import numpy as np


def squash(v):
    return 1 / (1 + np.exp(-v))


class GlyphNet:
    """Fully connected sigmoid network; position 0 of each list is padding so that lists count like layers."""

    def __init__(self, widths, alphabet):
        self.widths = widths
        self.alphabet = alphabet
        self.matrices = [None]
        self.offsets = [None]
        for below, here in zip(widths, widths[1:]):
            self.matrices.append(np.random.randn(here, below) / np.sqrt(below))
            self.offsets.append(np.zeros((here, 1)))
        self.signals = [np.zeros((w, 1)) for w in widths]

    def present(self, column):
        self.signals[0] = column

    def propagate(self):
        for depth in range(1, len(self.widths)):
            drive = np.dot(self.matrices[depth], self.signals[depth - 1]) + self.offsets[depth]
            self.signals[depth] = squash(drive)

    def answer(self):
        return self.alphabet[int(np.argmax(self.signals[-1]))]
