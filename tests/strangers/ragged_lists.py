import math
import random

random.seed(20)

TOPOLOGY = [3, 5, 4, 2]

# weights[l][j][i]: from neuron i of layer l to neuron j of layer l+1, last entry is the bias
weights = []
for n_in, n_out in zip(TOPOLOGY, TOPOLOGY[1:]):
    weights.append([[random.uniform(-1, 1) for _ in range(n_in + 1)] for _ in range(n_out)])


def forward(x):
    acts = [list(x)]
    for layer in weights:
        prev = acts[-1] + [1.0]
        acts.append([math.tanh(sum(w * p for w, p in zip(row, prev))) for row in layer])
    return acts


def backward(acts, target):
    deltas = [None] * len(weights)
    deltas[-1] = [(o - t) * (1 - o * o) for o, t in zip(acts[-1], target)]
    for l in range(len(weights) - 2, -1, -1):
        here = []
        for i in range(len(weights[l])):
            back = 0.0
            for j in range(len(weights[l + 1])):
                back += weights[l + 1][j][i] * deltas[l + 1][j]
            here.append(back * (1 - acts[l + 1][i] ** 2))
        deltas[l] = here
    return deltas


def update(acts, deltas, eta):
    for l in range(len(weights)):
        prev = acts[l] + [1.0]
        for j in range(len(weights[l])):
            for i in range(len(weights[l][j])):
                weights[l][j][i] -= eta * deltas[l][j] * prev[i]


samples = []
for _ in range(25):
    v = [random.uniform(-1, 1) for _ in range(3)]
    samples.append((v, [0.8 if v[0] + v[1] > v[2] else -0.8, math.sin(v[0] * v[1])]))

for epoch in range(30):
    random.shuffle(samples)
    sse = 0.0
    for v, t in samples:
        acts = forward(v)
        sse += 0.5 * sum((o - w) ** 2 for o, w in zip(acts[-1], t))
        update(acts, backward(acts, t), 0.1)
    if epoch % 10 == 0:
        print("epoch %d sse %.4f" % (epoch, sse))
