from numpy import *
import matplotlib.pyplot as plt


def makeData():
    dataMat = []; labelMat = []
    for i in range(60):
        x1 = random.uniform(-3, 3); x2 = random.uniform(-2, 12)
        dataMat.append([1.0, x1, x2])
        labelMat.append(int(x2 < 4 + 1.5 * x1 + random.normal(0, 1)))
    return dataMat, labelMat


def sigmoid(inX):
    return 1.0 / (1 + exp(-inX))


def climb(dataMatIn, classLabels):
    dataMatrix = asmatrix(dataMatIn)
    labelMat = asmatrix(classLabels).transpose()
    m, n = shape(dataMatrix)
    alpha = 0.001
    maxCycles = 300
    weights = ones((n, 1))
    for k in range(maxCycles):
        h = sigmoid(dataMatrix * weights)
        error = (labelMat - h)
        weights = weights + alpha * dataMatrix.transpose() * error
    return weights


def climbOneByOne(dataMatrix, classLabels, numIter=20):
    m, n = shape(dataMatrix)
    weights = ones(n)
    for j in range(numIter):
        left = list(range(m))
        for i in range(m):
            alpha = 4 / (1.0 + j + i) + 0.01
            pick = int(random.uniform(0, len(left)))
            h = sigmoid(sum(dataMatrix[pick] * weights))
            error = classLabels[pick] - h
            weights = weights + alpha * error * dataMatrix[pick]
            del left[pick]
    return weights


def drawLine(weights, dataMat, labelMat):
    dataArr = array(dataMat)
    labels = array(labelMat)
    plt.scatter(dataArr[labels == 1, 1], dataArr[labels == 1, 2], s=30, c='red', marker='s')
    plt.scatter(dataArr[labels == 0, 1], dataArr[labels == 0, 2], s=30, c='green')
    x = arange(-3.0, 3.0, 0.1)
    plt.plot(x, (-weights[0] - weights[1] * x) / weights[2])
    plt.xlabel('X1'); plt.ylabel('X2')
    plt.show()


dataMat, labelMat = makeData()
w = climb(dataMat, labelMat)
print('batch', w.T)
drawLine(asarray(w).ravel(), dataMat, labelMat)
w = climbOneByOne(array(dataMat), labelMat)
print('stochastic', w)
drawLine(w, dataMat, labelMat)
