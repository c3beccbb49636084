import numpy as np

np.random.seed(5)
text = "the quick brown fox jumps over the lazy dog and the dog sleeps "
chars = sorted(set(text))
index = {c: i for i, c in enumerate(chars)}
V, H, T = len(chars), 10, 6

Wxh = np.random.randn(H, V) * 0.1
Whh = np.random.randn(H, H) * 0.3
Why = np.random.randn(V, H) * 0.1
bh = np.zeros((H, 1))
by = np.zeros((V, 1))


def step(inputs, targets, hprev):
    xs, hs, ps = {}, {-1: hprev}, {}
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((V, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1] + bh)
        y = Why @ hs[t] + by
        e = np.exp(y - y.max())
        ps[t] = e / e.sum()
        loss += -np.log(ps[t][targets[t], 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dnext = np.zeros_like(hprev)
    for t in reversed(range(len(inputs))):
        dy = ps[t].copy()
        dy[targets[t]] -= 1
        dWhy += dy @ hs[t].T
        dby += dy
        dh = Why.T @ dy + dnext
        draw = (1 - hs[t] ** 2) * dh
        dbh += draw
        dWxh += draw @ xs[t].T
        dWhh += draw @ hs[t - 1].T
        dnext = Whh @ draw  # expect: wrong-transpose
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs) - 1]


p = 0
h = np.zeros((H, 1))
for n in range(30):
    if p + T + 1 >= len(text):
        p, h = 0, np.zeros((H, 1))
    xi = [index[c] for c in text[p:p + T]]
    yi = [index[c] for c in text[p + 1:p + T + 1]]
    loss, dWxh, dWhh, dWhy, dbh, dby, h = step(xi, yi, h)
    if n % 10 == 0:
        print(n, loss)
    for param, grad in zip([Wxh, Whh, Why, bh, by], [dWxh, dWhh, dWhy, dbh, dby]):
        param += -0.1 * grad
    p += T
