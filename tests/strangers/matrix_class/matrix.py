import math
import random


class Matrix:
    def __init__(self, rows, cols):
        self.rows = rows
        self.cols = cols
        self.data = [[0 for _ in range(cols)] for _ in range(rows)]

    @staticmethod
    def from_array(arr):
        m = Matrix(len(arr), 1)
        for i in range(len(arr)):
            m.data[i][0] = arr[i]
        return m

    def to_array(self):
        return [v for row in self.data for v in row]

    def randomize(self):
        for i in range(self.rows):
            for j in range(self.cols):
                self.data[i][j] = random.random() * 2 - 1
        return self

    def add(self, n):
        for i in range(self.rows):
            for j in range(self.cols):
                if isinstance(n, Matrix):
                    self.data[i][j] += n.data[i][j]
                else:
                    self.data[i][j] += n

    def multiply(self, n):
        for i in range(self.rows):
            for j in range(self.cols):
                if isinstance(n, Matrix):
                    self.data[i][j] *= n.data[i][j]
                else:
                    self.data[i][j] *= n

    def map(self, func):
        for i in range(self.rows):
            for j in range(self.cols):
                self.data[i][j] = func(self.data[i][j])

    @staticmethod
    def mapped(m, func):
        result = Matrix(m.rows, m.cols)
        for i in range(m.rows):
            for j in range(m.cols):
                result.data[i][j] = func(m.data[i][j])
        return result

    @staticmethod
    def subtract(a, b):
        result = Matrix(a.rows, a.cols)
        for i in range(a.rows):
            for j in range(a.cols):
                result.data[i][j] = a.data[i][j] - b.data[i][j]
        return result

    @staticmethod
    def transpose(m):
        result = Matrix(m.cols, m.rows)
        for i in range(m.rows):
            for j in range(m.cols):
                result.data[j][i] = m.data[i][j]
        return result

    @staticmethod
    def product(a, b):
        if a.cols != b.rows:
            raise ValueError("columns of A must match rows of B")
        result = Matrix(a.rows, b.cols)
        for i in range(a.rows):
            for j in range(b.cols):
                s = 0
                for k in range(a.cols):
                    s += a.data[i][k] * b.data[k][j]
                result.data[i][j] = s
        return result


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def dsigmoid(y):
    return y * (1 - y)
