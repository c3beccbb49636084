import random

from brainUtils import *


class Brain:
    def __init__(self, *sizes, **options):
        self.learningRate = options.get('learningRate', 0.01)
        self.momentum = options.get('momentum', 0.5)
        self.layersW = [np.random.randn(nxt, cur) * np.sqrt(2 / cur) for cur, nxt in zip(sizes, sizes[1:])]
        self.layersB = [np.random.randn(nxt) * 0.1 for nxt in sizes[1:]]
        self.moveW = zerosLike(self.layersW)
        self.moveB = zerosLike(self.layersB)

    def think(self, x):
        self.ins, self.sums = [], []
        for i, (w, b) in enumerate(zip(self.layersW, self.layersB)):
            self.ins.append(x)
            self.sums.append(w.dot(x) + b)
            last = i == len(self.layersW) - 1
            x = self.sums[-1] if last else relu6(self.sums[-1])
        e = np.exp(x - x.max())
        return e / e.sum()

    def learnBatch(self, batch):
        totalW, totalB = zerosLike(self.layersW), zerosLike(self.layersB)
        for x, answer in batch:
            error = oneHot(answer, len(self.layersB[-1])) - self.think(x)
            i = len(self.layersW)
            while i:
                i -= 1
                totalW[i] += np.outer(error, self.ins[i])
                totalB[i] += error
                if i > 0:
                    error = self.layersW[i].T.dot(error) * relu6Prime(self.sums[i - 1])
        for i in range(len(self.layersW)):
            self.moveW[i] = self.momentum * self.moveW[i] + self.learningRate * totalW[i]
            self.moveB[i] = self.momentum * self.moveB[i] + self.learningRate * totalB[i]
            self.layersW[i] += self.moveW[i]
            self.layersB[i] += self.moveB[i]

    def exam(self, data):
        return sum(self.think(x).argmax() == a for x, a in data) / len(data)


if __name__ == '__main__':
    data = []
    for _ in range(130):
        p = np.random.uniform(-2, 2, 3)
        data.append((p, int(p[0] > 0) + 2 * int(p[1] * p[2] > 0)))
    brain = Brain(3, 14, 8, 4, learningRate=0.02)
    for epoch in range(6):
        random.shuffle(data)
        for k in range(0, 130, 13):
            brain.learnBatch(data[k:k + 13])
        print('epoch', epoch, 'exam', round(brain.exam(data), 3))
