"""Encoder reads digits, decoder writes them back (teacher forcing)."""
import argparse

import numpy as np

import cell as C

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--steps", type=int, default=60)
parser.add_argument("--hidden", type=int, default=11)
parser.add_argument("--lr", type=float, default=0.15)
args = parser.parse_args()

SYMBOLS, GO = 5, 5
random = np.random.RandomState(1234)
encoder = C.new_cell(SYMBOLS, args.hidden, random)
decoder = C.new_cell(SYMBOLS + 1, args.hidden, random)
project = random.uniform(-.4, .4, (args.hidden, SYMBOLS))

eye = np.eye(SYMBOLS + 1)

for step in range(args.steps):
    length, batch = random.randint(2, 5), 14
    digits = random.randint(0, SYMBOLS, (length, batch))

    hs = [np.zeros((batch, args.hidden))]
    for t in range(length):
        hs.append(C.forward(encoder, eye[digits[t], :SYMBOLS], hs[-1]))
    ds = [hs[-1]]
    fed = np.vstack([np.full((1, batch), GO), digits[:-1]])
    nll = 0.0
    dlogits = []
    for t in range(length):
        ds.append(C.forward(decoder, eye[fed[t]], ds[-1]))
        logits = ds[-1] @ project
        logp = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        nll -= logp[np.arange(batch), digits[t]].sum()
        dlogits.append((np.exp(logp) - eye[digits[t], :SYMBOLS]) / batch)
    nll /= batch

    g_project = np.zeros_like(project)
    g_dec = C.Cell(*(np.zeros_like(p) for p in decoder))
    g_enc = C.Cell(*(np.zeros_like(p) for p in encoder))
    dh = np.zeros((batch, args.hidden))
    for t in range(length, 0, -1):
        g_project += ds[t].T @ dlogits[t - 1]
        dh, g = C.backward(decoder, eye[fed[t - 1]], ds[t - 1], ds[t], dh + dlogits[t - 1] @ project.T)
        g_dec = C.add(g_dec, g)
    for t in range(length, 0, -1):
        dh, g = C.backward(encoder, eye[digits[t - 1], :SYMBOLS], hs[t - 1], hs[t], dh)
        g_enc = C.add(g_enc, g)

    project -= args.lr * g_project
    decoder = C.Cell(*(p - args.lr * g for p, g in zip(decoder, g_dec)))
    encoder = C.Cell(*(p - args.lr * g for p, g in zip(encoder, g_enc)))
    if step % 20 == 0:
        print(f"step {step}: {nll / length:.3f} nats per digit")
