import random

import numpy as np


class Example:
    def __init__(self, picture, glyph):
        self.picture = picture
        self.glyph = glyph

    def column(self):
        return self.picture.flatten().reshape((-1, 1))


class Coach:
    def __init__(self, net, lessons, exam):
        self.net = net
        self.lessons = lessons
        self.exam = exam
        self.rate = 0
        self.marks = []
        self.forget()

    def forget(self):
        count = len(self.net.widths)
        self.slope_offsets = [None] * count
        self.slope_matrices = [None] * count

    def teach(self, rounds, group, rate):
        self.rate = rate
        for _ in range(rounds):
            random.shuffle(self.lessons)
            for part in range(len(self.lessons) // group):
                self.study(self.lessons[part * group:(part + 1) * group])
                self.correct()
            self.marks.append(round(self.grade(), 3))

    def wanted(self, glyph):
        column = np.zeros((len(self.net.alphabet), 1))
        column[self.net.alphabet.index(glyph)] = 1
        return column

    def study(self, group):
        self.forget()
        size = len(group)
        kept = [np.empty((size,) + s.shape) for s in self.net.signals]
        goal = np.empty((size,) + self.net.signals[-1].shape)

        for row, example in enumerate(group):
            self.net.present(example.column())
            self.net.propagate()
            goal[row] = self.wanted(example.glyph)
            for depth in range(1, len(kept)):
                kept[depth][row] = self.net.signals[depth]

        self.slope_offsets[-1] = (kept[-1] - goal) * (kept[-1] - np.square(kept[-1]))
        for back in range(2, len(self.net.widths)):
            above = np.tensordot(self.slope_offsets[1 - back], self.net.matrices[1 - back], axes=((1), (0)))
            self.slope_offsets[-back] = above.transpose(0, 2, 1) * (kept[-back] - np.square(kept[-back]))
        for depth in range(1, len(self.net.widths)):
            self.slope_matrices[depth] = np.einsum('bhu,bcv->bhc', self.slope_offsets[depth], kept[depth - 1])  # expect: uninitialized-memory, einsum-dropped-index

    def correct(self):
        for depth in range(1, len(self.net.widths)):
            self.net.matrices[depth] -= self.rate * np.sum(self.slope_matrices[depth], axis=0)  # expect: batch-scale-sum
            self.net.offsets[depth] -= self.rate * np.sum(self.slope_offsets[depth], axis=0)

    def grade(self):
        hits = 0
        for example in self.exam:
            self.net.present(example.column())
            self.net.propagate()
            hits += self.net.answer() == example.glyph
        return hits / len(self.exam)
