# word2vec (skip-gram, negative sampling) for the NLP seminar -- only numpy
import itertools
import numpy as np

rng = np.random.RandomState(77)

topics = [
    "cat dog horse cow sheep goat".split(),
    "red green blue yellow purple orange".split(),
    "one two three four five six".split(),
    "rain snow wind cloud storm fog".split(),
]
vocab = list(itertools.chain.from_iterable(topics))
word_id = {w: i for i, w in enumerate(vocab)}

def corpus(n_sentences=300, length=7):
    for _ in range(n_sentences):
        topic = topics[rng.randint(len(topics))]
        yield [word_id[w] for w in rng.choice(topic, length)]

def pairs(sentences, window=2):
    for s in sentences:
        for i, c in enumerate(s):
            for o in s[max(0, i - window):i] + s[i + 1:i + 1 + window]:
                yield c, o

def batches(it, size):
    it = iter(it)
    while chunk := list(itertools.islice(it, size)):
        yield np.array(chunk).T

def sigmoid(x): return 1 / (1 + np.exp(-x))

DIM, NEG = 12, 5
emb_in  = rng.uniform(-.5, .5, (len(vocab), DIM))
emb_out = np.zeros((len(vocab), DIM))
acc_in, acc_out = np.zeros(len(vocab)), np.zeros(len(vocab))      # adagrad, one number per word

def sgns(center, outside, negative):
    """center, outside: (B,)   negative: (B, NEG)"""
    v  = emb_in[center]                                  # B x D
    u  = emb_out[outside]                                # B x D
    un = emb_out[negative]                               # B x NEG x D
    pos = (v * u).sum(1)
    neg = np.einsum('bd,bkd->bk', v, un)
    loss = -(np.log(sigmoid(pos)).sum() + np.log(sigmoid(-neg)).sum()) / len(center)

    gpos = (sigmoid(pos) - 1) / len(center)              # B
    gneg = sigmoid(neg) / len(center)                    # B x NEG
    grad_in, grad_out = np.zeros_like(emb_in), np.zeros_like(emb_out)
    np.add.at(grad_in, center, gpos[:, None] * u + np.einsum('bk,bkd->bd', gneg, un))
    np.add.at(grad_out, outside, gpos[:, None] * v)
    np.add.at(grad_out, negative, gneg[..., None] * v[:, None, :])
    return loss, grad_in, grad_out

for epoch in range(8):
    losses = []
    for center, outside in batches(pairs(corpus()), 128):
        negative = rng.randint(0, len(vocab), (len(center), NEG))
        loss, g_in, g_out = sgns(center, outside, negative)
        acc_in += (g_in ** 2).mean(1)
        acc_out += (g_out ** 2).mean(1)
        emb_in -= .3 * g_in / np.sqrt(acc_in + 1e-8)[:, None]
        emb_out -= .3 * g_out / np.sqrt(acc_out + 1e-8)[:, None]
        losses.append(loss)
    print(f'epoch {epoch}  loss {np.mean(losses):.4f}')

E = emb_in / np.linalg.norm(emb_in, axis=1, keepdims=True)
for w in ('cat', 'blue', 'five', 'snow'):
    near = np.argsort(-(E @ E[word_id[w]]))[1:4]
    print(w, '->', ', '.join(vocab[i] for i in near))
