import numpy as np

words = "anna otto emma liam noah mila hanna lena nora leon elena marta tomas oscar amelia".split()
stoi = {ch: i + 1 for i, ch in enumerate(sorted(set("".join(words))))}
stoi["."] = 0
vocab_size = len(stoi)
block_size = 3

Xs, Ys = [], []
for w in words:
    context = [0] * block_size
    for ch in w + ".":
        Xs.append(context)
        Ys.append(stoi[ch])
        context = context[1:] + [stoi[ch]]
Xtr, Ytr = np.array(Xs), np.array(Ys)

g = np.random.default_rng(20240)
n_embd, n_hidden = 4, 15
C = g.standard_normal((vocab_size, n_embd))
W1 = g.standard_normal((n_embd * block_size, n_hidden)) * (5 / 3) / ((n_embd * block_size) ** 0.5)
b1 = g.standard_normal(n_hidden) * 0.1
W2 = g.standard_normal((n_hidden, vocab_size)) * 0.1
b2 = g.standard_normal(vocab_size) * 0.1
bngain = g.standard_normal((1, n_hidden)) * 0.1 + 1.0
bnbias = g.standard_normal((1, n_hidden)) * 0.1
parameters = [C, W1, b1, W2, b2, bngain, bnbias]

max_steps, n = 120, 32
for i in range(max_steps):
    ix = g.integers(0, Xtr.shape[0], (n,))
    Xb, Yb = Xtr[ix], Ytr[ix]

    # forward pass
    emb = C[Xb]
    embcat = emb.reshape(emb.shape[0], -1)
    hprebn = embcat @ W1 + b1
    bnmeani = 1 / n * hprebn.sum(0, keepdims=True)
    bndiff = hprebn - bnmeani
    bndiff2 = bndiff ** 2
    bnvar = 1 / (n - 1) * bndiff2.sum(0, keepdims=True)
    bnvar_inv = (bnvar + 1e-5) ** -0.5
    bnraw = bndiff * bnvar_inv
    hpreact = bngain * bnraw + bnbias
    h = np.tanh(hpreact)
    logits = h @ W2 + b2
    logit_maxes = logits.max(1, keepdims=True)
    norm_logits = logits - logit_maxes
    counts = np.exp(norm_logits)
    counts_sum = counts.sum(1, keepdims=True)
    counts_sum_inv = counts_sum ** -1.0
    probs = counts * counts_sum_inv
    logprobs = np.log(probs)
    loss = -logprobs[range(n), Yb].mean()

    # backward pass, one line at a time
    dlogprobs = np.zeros_like(logprobs)
    dlogprobs[range(n), Yb] = -1.0 / n
    dprobs = (1.0 / probs) * dlogprobs
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdims=True)
    dcounts = counts_sum_inv * dprobs
    dcounts_sum = (-counts_sum ** -2) * dcounts_sum_inv
    dcounts += np.ones_like(counts) * dcounts_sum
    dnorm_logits = counts * dcounts
    dlogits = dnorm_logits.copy()
    dlogit_maxes = (-dnorm_logits).sum(1, keepdims=True)
    dlogits += np.eye(vocab_size)[logits.argmax(1)] * dlogit_maxes
    dh = dlogits @ W2.T
    dW2 = h.T @ dlogits
    db2 = dlogits.sum(0)
    dhpreact = (1.0 - h ** 2) * dh
    dbngain = (bnraw * dhpreact).sum(0, keepdims=True)
    dbnraw = bngain * dhpreact
    dbnbias = dhpreact.sum(0, keepdims=True)
    dbndiff = bnvar_inv * dbnraw
    dbnvar_inv = (bndiff * dbnraw).sum(0, keepdims=True)
    dbnvar = (-0.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv
    dbndiff2 = (1.0 / (n - 1)) * np.ones_like(bndiff2) * dbnvar
    dbndiff += (2 * bndiff) * dbndiff2
    dhprebn = dbndiff.copy()
    dbnmeani = (-dbndiff).sum(0)
    dhprebn += 1.0 / n * (np.ones_like(hprebn) * dbnmeani)
    dembcat = dhprebn @ W1.T
    dW1 = embcat.T @ dhprebn
    db1 = dhprebn.sum(0)
    demb = dembcat.reshape(emb.shape)
    dC = np.zeros_like(C)
    for k in range(Xb.shape[0]):
        for j in range(Xb.shape[1]):
            dC[Xb[k, j]] += demb[k, j]
    grads = [dC, dW1, db1, dW2, db2, dbngain, dbnbias]

    lr = 0.1 if i < 100 else 0.01
    for p, grad in zip(parameters, grads):
        p += -lr * grad
    if i % 30 == 0:
        print(f"{i:7d}/{max_steps:7d}: {loss:.4f}")
