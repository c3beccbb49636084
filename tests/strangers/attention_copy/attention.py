import numpy as np


def softmax(s):
    s = s - s.max(-1, keepdims=True)
    e = np.exp(s)
    return e / e.sum(-1, keepdims=True)


class Embedding:
    def __init__(self, vocab, dim, length, rng):
        self.table = rng.normal(0, 0.3, (vocab, dim))
        self.position = rng.normal(0, 0.3, (length, dim))

    def forward(self, ids):
        self.ids = ids
        return self.table[ids] + self.position

    def backward(self, g):
        dt = np.zeros_like(self.table)
        np.add.at(dt, self.ids, g)
        return {"table": dt, "position": g.sum(0)}


class SelfAttention:
    def __init__(self, dim, head, rng):
        s = 1 / np.sqrt(dim)
        self.Wq = rng.normal(0, s, (dim, head))
        self.Wk = rng.normal(0, s, (dim, head))
        self.Wv = rng.normal(0, s, (dim, dim))

    def forward(self, x):
        self.x = x
        self.q, self.k, self.v = x @ self.Wq, x @ self.Wk, x @ self.Wv
        self.scale = 1 / np.sqrt(self.q.shape[-1])
        self.att = softmax(self.q @ self.k.transpose(0, 2, 1) * self.scale)
        return x + self.att @ self.v

    def backward(self, g):
        dv = self.att.transpose(0, 2, 1) @ g
        datt = g @ self.v.transpose(0, 2, 1)
        ds = self.att * (datt - (datt * self.att).sum(-1, keepdims=True)) * self.scale
        dq = ds @ self.k
        dk = ds.transpose(0, 2, 1) @ self.q
        grads = {
            "Wq": np.einsum("btd,bth->dh", self.x, dq),
            "Wk": np.einsum("btd,bth->dh", self.x, dk),
            "Wv": np.einsum("btd,bte->de", self.x, dv),
        }
        dx = g + dq @ self.Wq.T + dk @ self.Wk.T + dv @ self.Wv.T
        return dx, grads


class Readout:
    def __init__(self, dim, vocab, rng):
        self.W = rng.normal(0, 0.2, (dim, vocab))
        self.b = np.zeros(vocab)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        grads = {"W": np.tensordot(self.x, g, axes=([0, 1], [0, 1])), "b": g.sum((0, 1))}
        return g @ self.W.T, grads
