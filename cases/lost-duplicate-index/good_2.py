"""Mood of short notes with repeated words: every occurrence is counted."""
import numpy as np

rng = np.random.default_rng(4)
words, length, size = 30, 6, 5
notes = rng.integers(0, words, (120, length))
mood = (np.isin(notes, np.arange(10)).sum(axis=1) > 2).astype(float)
vectors = rng.normal(0, 0.3, (words, size))
reader = rng.normal(0, 0.5, size)

for epoch in range(30):
    order = rng.permutation(len(notes))
    for start in range(0, len(order), 24):
        pick = order[start:start + 24]
        note, truth = notes[pick], mood[pick]
        mean = vectors[note].mean(axis=1)
        guess = 1 / (1 + np.exp(-mean @ reader))
        loss = -np.mean(truth * np.log(guess) + (1 - truth) * np.log(1 - guess))
        off = (guess - truth) / len(pick)
        d_vectors = np.zeros_like(vectors)
        np.add.at(d_vectors, note, (np.outer(off, reader) / length)[:, None, :])
        reader = reader - 2.0 * mean.T @ off
        vectors = vectors - 2.0 * d_vectors
    if epoch % 10 == 0:
        print(epoch, loss)
