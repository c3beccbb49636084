"""Bag of embeddings sentiment classifier (lab 6)."""
import numpy as np

rng = np.random.RandomState(66)

pos_words = ['great', 'lovely', 'fun', 'superb', 'warm', 'clever']
neg_words = ['awful', 'boring', 'bad', 'dull', 'cold', 'stupid']
neutral = ['the', 'film', 'was', 'and', 'very', 'plot', 'actor', 'a', 'scene', 'it']
vocab = {w: i for i, w in enumerate(pos_words + neg_words + neutral)}


def make_review(label):
    own, other = (pos_words, neg_words) if label == 1 else (neg_words, pos_words)
    words = []
    for _ in range(10):
        u = rng.rand()
        if u < 0.22:
            words.append(own[rng.randint(len(own))])
        elif u < 0.32:
            words.append(other[rng.randint(len(other))])
        else:
            words.append(neutral[rng.randint(len(neutral))])
    return [vocab[w] for w in words]


labels = rng.randint(0, 2, size=500)
reviews = np.array([make_review(l) for l in labels])
train_x, train_y = reviews[:400], labels[:400].astype(np.float64)
test_x, test_y = reviews[400:], labels[400:]

EMB, HID = 8, 6
params = {
    'E': rng.randn(len(vocab), EMB) * 0.1,
    'W': rng.randn(EMB, HID) * 0.5,
    'b': np.zeros(HID),
    'v': rng.randn(HID) * 0.5,
    'c': np.zeros(1),
}


def forward(params, ids):
    emb = params['E'][ids]                       # (batch, words, emb)
    bag = emb.mean(axis=1)
    hidden = np.tanh(bag @ params['W'] + params['b'])
    logit = hidden @ params['v'] + params['c']
    prob = 1 / (1 + np.exp(-logit))
    return prob, (ids, bag, hidden)


def bce(prob, target):
    return -np.mean(target * np.log(prob) + (1 - target) * np.log(1 - prob))


def backward(params, prob, target, cache):
    ids, bag, hidden = cache
    batch, length = ids.shape
    grads = {}
    dlogit = (prob - target) / batch
    grads['v'] = hidden.T @ dlogit
    grads['c'] = dlogit.sum(keepdims=True)
    dpre = np.outer(dlogit, params['v']) * (1 - hidden ** 2)
    grads['W'] = bag.T @ dpre
    grads['b'] = dpre.sum(axis=0)
    dbag = dpre @ params['W'].T
    demb = np.repeat(dbag[:, None, :], length, axis=1) / length
    grads['E'] = np.zeros_like(params['E'])
    grads['E'][ids] += demb
    return grads


lr = 0.5
for epoch in range(25):
    perm = rng.permutation(len(train_x))
    for start in range(0, len(perm), 20):
        idx = perm[start:start + 20]
        prob, cache = forward(params, train_x[idx])
        grads = backward(params, prob, train_y[idx], cache)
        for name in params:
            params[name] -= lr * grads[name]
    if epoch % 4 == 0:
        p_all, _ = forward(params, train_x)
        p_test, _ = forward(params, test_x)
        print('epoch {:2d}  train loss {:.4f}  test acc {:.3f}'.format(
            epoch, bce(p_all, train_y), np.mean((p_test > 0.5) == test_y)))
