import random
import numpy as np

corpus = ("the king loves the queen and the queen loves the king "
          "the dog chases the cat and the cat chases the mouse").split()
vocab = sorted(set(corpus))
idx = {w: i for i, w in enumerate(vocab)}
tokens = [idx[w] for w in corpus]
V, dim, window, K = len(vocab), 6, 2, 3

emb_in = (np.random.rand(V, dim) - 0.5)
emb_out = (np.random.rand(V, dim) - 0.5)


def sigma(x):
    return 1 / (1 + np.exp(-x))


def minibatches(size):
    pairs = []
    for pos, c in enumerate(tokens):
        for off in range(-window, window + 1):
            if off and 0 <= pos + off < len(tokens):
                pairs.append((c, tokens[pos + off]))
    random.shuffle(pairs)
    for s in range(0, len(pairs) - size + 1, size):
        yield np.array(pairs[s:s + size])


lr = 0.05
for epoch in range(10):
    running = 0.0
    count = 0
    for batch in minibatches(8):
        centre, context = batch[:, 0], batch[:, 1]
        noise = np.random.randint(0, V, size=(len(batch), K))

        vc = emb_in[centre]                        # (B, dim)
        uo = emb_out[context]
        un = emb_out[noise]                        # (B, K, dim)
        pos_score = sigma((vc * uo).sum(1))
        neg_score = sigma(-np.einsum('bd,bkd->bk', vc, un))
        loss = -np.log(pos_score).sum() - np.log(neg_score).sum()

        gpos = (pos_score - 1)[:, None]
        gneg = (1 - neg_score)[:, :, None]
        dvc = gpos * uo + (gneg * un).sum(1)
        duo = gpos * vc
        dun = gneg * vc[:, None, :]

        np.add.at(emb_in, centre, -lr * dvc)
        np.add.at(emb_out, context, -lr * duo)
        np.add.at(emb_out, noise, -lr * dun)
        running += loss
        count += len(batch)
    print('epoch', epoch, 'loss per pair', running / count)

n = emb_in / np.linalg.norm(emb_in, axis=1, keepdims=True)
print('closest to king:', [vocab[i] for i in np.argsort(-n @ n[idx['king']])[1:4]])
