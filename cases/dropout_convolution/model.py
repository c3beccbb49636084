import numpy as np
from keras.datasets import mnist

np.random.seed(2)
(pics, answers), (test_pics, test_answers) = mnist.load_data()

COUNT, SIDE, PATCH, FILTERS, DIGITS = 1000, 28, 3, 16, 10
CHUNK = 128
PLACES = SIDE - PATCH
rate, rounds = 2, 250

pixels = pics[:COUNT].reshape(COUNT, SIDE * SIDE) / 255
truth = np.zeros((COUNT, DIGITS))
for row, digit in enumerate(answers[:COUNT]):
    truth[row][digit] = 1


def bend(v):
    return np.tanh(v)


def bend_slope(out):
    return 1 - (out ** 2)


def to_shares(v):
    e = np.exp(v)  # expect: softmax-overflow
    return e / np.sum(e, axis=1, keepdims=True)


def cut(block, r0, r1, c0, c1):
    piece = block[:, r0:r1, c0:c1]
    return piece.reshape(-1, 1, r1 - r0, c1 - c0)


filters = 0.02 * np.random.random((PATCH * PATCH, FILTERS)) - 0.01
readout = 0.2 * np.random.random((PLACES * PLACES * FILTERS, DIGITS)) - 0.1

for tour in range(rounds):
    hits = 0
    for part in range(COUNT // CHUNK):
        lo, hi = part * CHUNK, (part + 1) * CHUNK  # expect: unshuffled-minibatches
        block = pixels[lo:hi]
        block = block.reshape(block.shape[0], SIDE, SIDE)

        pieces = list()
        for r in range(block.shape[1] - PATCH):
            for c in range(block.shape[2] - PATCH):
                pieces.append(cut(block, r, r + PATCH, c, c + PATCH))
        stack = np.concatenate(pieces, axis=1)
        spread = stack.reshape(stack.shape[0] * stack.shape[1], -1)
        response = spread.dot(filters)
        hidden = bend(response.reshape(stack.shape[0], -1))
        keep = np.random.randint(2, size=hidden.shape)
        hidden *= keep * 2
        output = to_shares(np.dot(hidden, readout))
        for row in range(CHUNK):
            hits += int(np.argmax(output[row]) == np.argmax(truth[lo + row]))

        output_push = (truth[lo:hi] - output) / (CHUNK * output.shape[0])  # expect: batch-scale-double-mean
        hidden_push = output_push.dot(readout.T) * bend_slope(hidden)  # expect: derivative-at-wrong-point
        hidden_push *= keep  # expect: dropout-backward
        readout += rate * hidden.T.dot(output_push)
        filter_push = spread.T.dot(hidden_push.reshape(response.shape))
        filters -= rate * filter_push  # expect: sign-flipped-update
    print("round", tour, "right", hits / float(COUNT))
