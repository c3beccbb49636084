#!/usr/bin/env python
"""usage: argv_logistic.py [epochs] [rate]"""
import sys

import numpy as np

if len(sys.argv) < 2:
    print(__doc__)
epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 60
rate = float(sys.argv[2]) if len(sys.argv) > 2 else 0.5


class LogisticRegression:
    def __init__(self, rate, epochs, l2=0.0):
        self.rate, self.epochs, self.l2 = rate, epochs, l2

    def _p(self, X):
        return 1.0 / (1.0 + np.exp(-(X @ self.coef_ + self.intercept_)))

    def fit(self, X, y):
        n, d = X.shape
        self.coef_ = np.zeros(d)
        self.intercept_ = 0.0
        self.history_ = []
        for _ in range(self.epochs):
            p = self._p(X)
            residual = p - y
            self.coef_ -= self.rate * (X.T @ residual / n + self.l2 * self.coef_)
            self.intercept_ -= self.rate * residual.mean()
            self.history_.append(self.score(X, y))
        return self

    def predict(self, X):
        return (self._p(X) >= 0.5).astype(int)

    def score(self, X, y):
        return (self.predict(X) == y).mean()


def main():
    gen = np.random.default_rng(8)
    X = gen.normal(size=(120, 5))
    y = (X @ [1.5, -2, 0, 0.5, 1] + 0.3 * gen.normal(size=120) > 0.2).astype(int)
    clf = LogisticRegression(rate, epochs).fit(X[:90], y[:90])
    print("train %.3f test %.3f" % (clf.score(X[:90], y[:90]), clf.score(X[90:], y[90:])))
    print("coef", clf.coef_.round(2), clf.intercept_)


if __name__ == "__main__":
    main()
