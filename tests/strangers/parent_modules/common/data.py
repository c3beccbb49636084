import numpy as np


def load_blobs(train=180, test=60, features=9, classes=4):
    means = np.random.randn(classes, features) * 1.5

    def draw(n):
        t = np.random.randint(0, classes, n)
        x = means[t] + np.random.randn(n, features)
        one_hot = np.zeros((n, classes))
        for i, row in enumerate(one_hot):
            row[t[i]] = 1
        return x, one_hot

    return draw(train), draw(test)
