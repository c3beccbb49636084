"""Bag-of-embeddings sentiment model over a tiny csv of reviews."""
import csv
import io
import itertools

import numpy as np

RAW = """text,label
good film really good acting,1
bad plot and bad bad acting,0
really good fun,1
dull dull slow film,0
great fun and great plot,1
slow and bad,0
good plot great acting,1
dull film bad plot,0
fun fun fun,1
not good really dull,0
not bad really great fun,1
slow plot not fun,0
"""

reader = csv.DictReader(io.StringIO(RAW))
docs, marks = [], []
for row in reader:
    docs.append(row['text'].split())
    marks.append(int(row['label']))
vocab = {w: i for i, w in enumerate(sorted(set(itertools.chain.from_iterable(docs))))}

lens = np.fromiter(map(len, docs), dtype=np.int64)
ids = np.fromiter((vocab[w] for w in itertools.chain(*docs)), dtype=np.int64, count=lens.sum())
seg = np.repeat(np.arange(len(docs)), lens)
sgn = np.where(np.array(marks) == 1, 1.0, -1.0)
n, V, D = len(docs), len(vocab), 4

rng = np.random.default_rng(5)
E = rng.normal(scale=0.3, size=(V, D))      # embeddings
c = np.zeros(V)                             # direct vote of each word
w = rng.normal(scale=0.5, size=D)
b = np.zeros(1)
lr = 1.0

for epoch in range(121):
    vecs = np.take(E, ids, axis=0)
    bag = np.zeros((n, D))
    np.add.at(bag, seg, vecs)
    bag /= lens[:, None]
    hid = np.tanh(bag)
    logit = hid.dot(w) + np.bincount(seg, weights=c[ids], minlength=n) / lens + b
    margin = sgn * logit
    loss = np.logaddexp(0, -margin).mean()

    g = -sgn * np.exp(-np.logaddexp(0, margin)) / n
    gw = g @ hid
    gb = g.sum(keepdims=True)
    gc = np.bincount(ids, weights=(g / lens)[seg], minlength=V)
    gbag = np.outer(g, w) * (1 - hid ** 2) / lens[:, np.newaxis]
    per_token = gbag[seg]
    gE = np.stack([np.bincount(ids, weights=col, minlength=V) for col in per_token.T], axis=1)

    E -= lr * gE
    c -= lr * gc
    w -= lr * gw
    b -= lr * gb
    if epoch % 30 == 0:
        print(f"{epoch=:4d} {loss=:.4f} right={int((margin > 0).sum())}/{n}")

ranked = sorted(vocab, key=lambda word: c[vocab[word]])
print('most negative:', ranked[:3], ' most positive:', ranked[-3:][::-1])
