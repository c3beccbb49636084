import numpy as np

np.random.seed(310)
steps, n_in, n_hidden, batch = 6, 3, 8, 26
inputs = np.random.randn(steps, n_in, batch)
targets = 0.5 * np.cumsum(inputs[:, :1], axis=0)

Wxh = np.random.randn(n_hidden, n_in) * 0.4
Whh = np.random.randn(n_hidden, n_hidden) * 0.3
Why = np.random.randn(1, n_hidden) * 0.4
bh = np.zeros((n_hidden, 1))
by = np.zeros((1, 1))


def loss_and_gradients(inputs, targets):
    hs = [np.zeros((n_hidden, batch))]
    ys = []
    loss = 0
    for t in range(steps):
        hs.append(np.tanh(Wxh @ inputs[t] + Whh @ hs[-1] + bh))
        ys.append(Why @ hs[-1] + by)
        loss += 0.5 * np.sum((ys[t] - targets[t]) ** 2) / batch

    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dh_next = np.zeros_like(hs[0])
    for t in reversed(range(steps)):
        dy = (ys[t] - targets[t]) / batch
        dWhy += dy @ hs[t + 1].T
        dby += dy.sum(axis=1, keepdims=True)
        dh = Why.T @ dy  # expect: recurrent-carry-missing
        draw = (1 - hs[t + 1] ** 2) * dh
        dWxh += draw @ inputs[t].T
        dWhh += draw @ hs[t].T
        dbh += draw.sum(axis=1, keepdims=True)
        dh_next = Whh.T @ draw
    return loss, (dWxh, dWhh, dWhy, dbh, dby)


for it in range(60):
    loss, grads = loss_and_gradients(inputs, targets)
    for param, grad in zip((Wxh, Whh, Why, bh, by), grads):
        param -= 0.02 * grad
    if it % 20 == 0:
        print("iter", it, "loss", loss)
