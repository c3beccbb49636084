import random

import numpy as np
from keras.datasets import mnist

from network import GlyphNet
from trainer import Coach, Example

random.seed(4)
np.random.seed(4)

GLYPHS = list("0123456789") + ["plus", "minus", "times", "over", "open", "close"]

(pictures, digits), (unseen_pictures, unseen_digits) = mnist.load_data()
lessons = [Example(p / 255, GLYPHS[d]) for p, d in zip(pictures[:4000], digits[:4000])]
exam = [Example(p / 255, GLYPHS[d]) for p, d in zip(unseen_pictures[:150], unseen_digits[:150])]

net = GlyphNet([784, 45, 16], GLYPHS)
coach = Coach(net, lessons, exam)
coach.teach(rounds=3, group=25, rate=0.08)
print("share of right answers after each round:", coach.marks)
