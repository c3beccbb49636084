import numpy as np

rng = np.random.default_rng(314)
tokens = rng.integers(0, 4, size=(7, 38))
labels = np.cumsum(tokens == 0, axis=0) % 3
width = 9
kinds = ("input", "forget", "output", "candidate")
weights = {kind: rng.normal(0, 0.4, (4 + width, width)) for kind in kinds}
biases = {kind: np.full(width, 1.0 if kind == "forget" else 0.0) for kind in kinds}
head = rng.normal(0, 0.4, (width, 3))


def gate(kind, z):
    return np.tanh(z) if kind == "candidate" else 1 / (1 + np.exp(-z))


def slope(kind, value):
    return 1 - value ** 2 if kind == "candidate" else value * (1 - value)


def run(tokens, labels):
    hidden, cell = np.zeros((tokens.shape[1], width)), np.zeros((tokens.shape[1], width))
    tape, loss = [], 0.0
    for token, label in zip(tokens, labels):
        joined = np.hstack([np.eye(4)[token], hidden])
        gates = {kind: gate(kind, joined @ weights[kind] + biases[kind]) for kind in kinds}
        old = cell
        cell = gates["forget"] * old + gates["input"] * gates["candidate"]
        hidden = gates["output"] * np.tanh(cell)
        score = hidden @ head
        score = np.exp(score - score.max(axis=1, keepdims=True))
        chance = score / score.sum(axis=1, keepdims=True)
        loss -= np.mean(np.log(chance[np.arange(len(label)), label])) / len(tokens)
        tape.append((joined, gates, old, cell, hidden, (chance - np.eye(3)[label]) / tokens.size))
    return loss, tape


def unroll(tape):
    g_weights = {kind: np.zeros_like(weights[kind]) for kind in kinds}
    g_biases = {kind: np.zeros(width) for kind in kinds}
    g_head = np.zeros_like(head)
    to_hidden, to_cell = 0.0, 0.0
    while tape:
        joined, gates, old, cell, hidden, error = tape.pop()
        g_head += hidden.T @ error
        to_hidden = to_hidden + error @ head.T
        to_cell = to_cell + to_hidden * gates["output"] * (1 - np.tanh(cell) ** 2)
        blame = {
            "input": to_cell * gates["candidate"], "forget": to_cell * old,
            "output": to_hidden * np.tanh(cell), "candidate": to_cell * gates["input"],
        }
        to_cell = to_cell * gates["forget"]
        to_hidden = 0.0
        for kind in kinds:
            d = blame[kind] * slope(kind, gates[kind])
            g_weights[kind] += joined.T @ d
            g_biases[kind] += d.sum(axis=0)
            to_hidden = to_hidden + d @ weights[kind][4:].T
    return g_weights, g_biases, g_head


for epoch in range(50):
    loss, tape = run(tokens, labels)
    g_weights, g_biases, g_head = unroll(tape)
    for kind in kinds:
        weights[kind] -= 1.0 * g_weights[kind]
        biases[kind] -= 1.0 * g_biases[kind]
    head -= 1.0 * g_head
    if epoch % 10 == 0:
        print(epoch, loss)
