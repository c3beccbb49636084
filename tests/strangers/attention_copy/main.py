"""Learn to reverse short sequences with one attention layer."""
import numpy as np

from attention import Embedding, Readout, SelfAttention, softmax
from optim import RMSprop

VOCAB, LENGTH, DIM, HEAD, BATCH = 7, 5, 12, 4, 16
rng = np.random.default_rng(0)

emb = Embedding(VOCAB, DIM, LENGTH, rng)
att = SelfAttention(DIM, HEAD, rng)
out = Readout(DIM, VOCAB, rng)
opt = RMSprop(lr=0.01)

for step in range(1, 121):
    ids = rng.integers(0, VOCAB, (BATCH, LENGTH))
    target = ids[:, ::-1]

    logits = out.forward(att.forward(emb.forward(ids)))
    p = softmax(logits)
    picked = np.take_along_axis(p, target[..., None], axis=-1)
    loss = -np.log(picked).mean()

    d = p - np.eye(VOCAB)[target]
    d /= target.size
    dx, g_out = out.backward(d)
    dx, g_att = att.backward(dx)
    g_emb = emb.backward(dx)

    opt.apply(out, g_out)
    opt.apply(att, g_att)
    opt.apply(emb, g_emb)

    if step % 40 == 0:
        print(step, "loss", round(float(loss), 3), "accuracy", (p.argmax(-1) == target).mean())
