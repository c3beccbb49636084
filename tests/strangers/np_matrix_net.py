# -*- coding: utf-8 -*-
from numpy import *

def logistic(x):
    return 1.0 / (1 + exp(-x))

# 训练数据
dataSet = matrix([[0.1, 0.9, 0.2], [0.8, 0.3, 0.7], [0.4, 0.5, 0.1], [0.9, 0.9, 0.6], [0.2, 0.1, 0.8],
               [0.6, 0.2, 0.3], [0.3, 0.7, 0.9]])
labels = matrix([0, 1, 0, 1, 0, 1, 0]).T

hidden = 5
V = matrix(random.random((3, hidden))) - 0.5     # 输入层到隐层
gammaH = matrix(zeros((1, hidden)))
W = matrix(random.random((hidden, 1))) - 0.5     # 隐层到输出层
theta = matrix(zeros((1, 1)))
eta = 0.3

for k in range(200):
    m = shape(dataSet)[0]
    B = logistic(dataSet * V + gammaH)
    Y = logistic(B * W + theta)
    E = labels - Y
    if k % 50 == 0:
        print(k, float((E.T * E)[0, 0]) / 2)
    g = multiply(E, multiply(Y, 1 - Y))
    e = multiply(g * W.T, multiply(B, 1 - B))
    W = W + eta * B.T * g
    theta = theta + eta * ones((1, m)) * g
    V = V + eta * dataSet.T * e
    gammaH = gammaH + eta * ones((1, m)) * e

print(Y.T)
