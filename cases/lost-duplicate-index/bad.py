"""Mood of short notes: the vectors of the words in a note are averaged, a logistic unit reads the mean."""
import numpy as np

rng = np.random.default_rng(4)
words, length, size = 30, 6, 5
notes = rng.integers(0, words, (120, length))
mood = (np.isin(notes, np.arange(10)).sum(axis=1) > 2).astype(float)

vectors = rng.normal(0, 0.3, (words, size))
reader = rng.normal(0, 0.5, size)
shift = np.zeros(1)

for epoch in range(30):
    order = rng.permutation(len(notes))
    for start in range(0, len(order), 24):
        pick = order[start:start + 24]
        note, truth = notes[pick], mood[pick]
        mean = vectors[note].mean(axis=1)
        guess = 1 / (1 + np.exp(-(mean @ reader + shift)))
        loss = -np.mean(truth * np.log(guess) + (1 - truth) * np.log(1 - guess))

        off = (guess - truth) / len(pick)
        d_reader = mean.T @ off
        d_shift = off.sum(keepdims=True)
        d_mean = np.outer(off, reader) / length
        d_vectors = np.zeros_like(vectors)
        d_vectors[note] += d_mean[:, None, :]  # expect: lost-duplicate-index

        vectors -= 2.0 * d_vectors
        reader -= 2.0 * d_reader
        shift -= 2.0 * d_shift
    if epoch % 10 == 0:
        print(epoch, loss)
