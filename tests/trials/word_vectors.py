#!/usr/bin/env python
# word2vec: skip-gram with negative sampling, on a toy corpus
import random
import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def normalizeRows(x):
    N = x.shape[0]
    x /= np.sqrt(np.sum(x**2, axis=1)).reshape((N, 1)) + 1e-30
    return x


class ToyDataset:
    def __init__(self, seed=0):
        self.rng = random.Random(seed)
        animals = ["cat", "dog", "bird", "fish"]
        verbs = ["eats", "sees", "likes"]
        foods = ["corn", "meat", "seeds"]
        self.sentences = [["the", self.rng.choice(animals), self.rng.choice(verbs), "the", self.rng.choice(foods)]
                          for _ in range(60)]
        words = sorted({w for s in self.sentences for w in s})
        self._tokens = {w: i for i, w in enumerate(words)}
        freq = np.zeros(len(words))
        for s in self.sentences:
            for w in s:
                freq[self._tokens[w]] += 1
        p = freq ** 0.75
        self._table = list(np.repeat(np.arange(len(words)), np.ceil(200 * p / p.sum()).astype(int)))

    def tokens(self):
        return self._tokens

    def sampleTokenIdx(self):
        return int(self._table[self.rng.randint(0, len(self._table) - 1)])

    def getRandomContext(self, C=2):
        s = self.sentences[self.rng.randint(0, len(self.sentences) - 1)]
        wordID = self.rng.randint(0, len(s) - 1)
        context = s[max(0, wordID - C):wordID]
        if wordID + 1 < len(s):
            context = context + s[wordID + 1:min(len(s), wordID + C + 1)]
        centerword = s[wordID]
        return centerword, [w for w in context if w != centerword]


def getNegativeSamples(outsideWordIdx, dataset, K):
    """ Samples K indexes which are not the outsideWordIdx """
    negSampleWordIndices = [None] * K
    for k in range(K):
        newidx = dataset.sampleTokenIdx()
        while newidx == outsideWordIdx:
            newidx = dataset.sampleTokenIdx()
        negSampleWordIndices[k] = newidx
    return negSampleWordIndices


def negSamplingLossAndGradient(centerWordVec, outsideWordIdx, outsideVectors, dataset, K=5):
    """ Negative sampling loss function for word2vec models

    J = -log sigma(u_o . v_c) - sum_k log sigma(-u_k . v_c)
    """
    negSampleWordIndices = getNegativeSamples(outsideWordIdx, dataset, K)
    indices = [outsideWordIdx] + negSampleWordIndices

    gradCenterVec = np.zeros(centerWordVec.shape)
    gradOutsideVecs = np.zeros(outsideVectors.shape)

    u_o = outsideVectors[outsideWordIdx]
    z = sigmoid(np.dot(u_o, centerWordVec))
    loss = -np.log(z)
    gradCenterVec += (z - 1.0) * u_o
    gradOutsideVecs[outsideWordIdx] += (z - 1.0) * centerWordVec

    for k in negSampleWordIndices:
        u_k = outsideVectors[k]
        z = sigmoid(-np.dot(u_k, centerWordVec))
        loss -= np.log(z)
        gradCenterVec += (1.0 - z) * u_k
        gradOutsideVecs[k] += (1.0 - z) * centerWordVec

    return loss, gradCenterVec, gradOutsideVecs


def skipgram(currentCenterWord, windowSize, outsideWords, word2Ind,
             centerWordVectors, outsideVectors, dataset,
             word2vecLossAndGradient=negSamplingLossAndGradient):
    loss = 0.0
    gradCenterVecs = np.zeros(centerWordVectors.shape)
    gradOutsideVectors = np.zeros(outsideVectors.shape)

    centerIdx = word2Ind[currentCenterWord]
    centerVec = centerWordVectors[centerIdx]
    for w in outsideWords:
        l, gc, go = word2vecLossAndGradient(centerVec, word2Ind[w], outsideVectors, dataset)
        loss += l
        gradCenterVecs[centerIdx] += gc
        gradOutsideVectors += go
    return loss, gradCenterVecs, gradOutsideVectors


def word2vec_sgd_wrapper(word2vecModel, word2Ind, wordVectors, dataset, windowSize,
                         word2vecLossAndGradient=negSamplingLossAndGradient):
    batchsize = 10
    loss = 0.0
    grad = np.zeros(wordVectors.shape)
    N = wordVectors.shape[0]
    centerWordVectors = wordVectors[:int(N / 2), :]
    outsideVectors = wordVectors[int(N / 2):, :]
    for i in range(batchsize):
        windowSize1 = dataset.rng.randint(1, windowSize)
        centerWord, context = dataset.getRandomContext(windowSize1)

        c, gin, gout = word2vecModel(centerWord, windowSize1, context, word2Ind, centerWordVectors,
                                     outsideVectors, dataset, word2vecLossAndGradient)
        loss += c / batchsize
        grad[:int(N / 2), :] += gin / batchsize
        grad[int(N / 2):, :] += gout / batchsize
    return loss, grad


def sgd(f, x0, step, iterations, PRINT_EVERY=50):
    ANNEAL_EVERY = 200
    x = x0
    exploss = None
    for it in range(1, iterations + 1):
        loss, grad = f(x)
        x -= step * grad

        exploss = loss if exploss is None else .95 * exploss + .05 * loss
        if it % PRINT_EVERY == 0:
            print("iter %d: %f" % (it, exploss))
        if it % ANNEAL_EVERY == 0:
            step *= 0.5
    return x


if __name__ == "__main__":
    dataset = ToyDataset(seed=314)
    tokens = dataset.tokens()
    nWords = len(tokens)
    dimVectors = 10
    C = 3

    np.random.seed(9265)
    wordVectors = np.concatenate(
        ((np.random.rand(nWords, dimVectors) - 0.5) / dimVectors, np.zeros((nWords, dimVectors))), axis=0)
    wordVectors = sgd(
        lambda vec: word2vec_sgd_wrapper(skipgram, tokens, vec, dataset, C, negSamplingLossAndGradient),
        wordVectors, 0.3, 400, PRINT_EVERY=100)
    wordVectors = normalizeRows(wordVectors)
    print("cat-dog", wordVectors[tokens["cat"]].dot(wordVectors[tokens["dog"]]))
