import numpy as np
rng = np.random.default_rng(3)
n_state, hidden = 6, 8
W1 = rng.normal(0, .5, (n_state, hidden)); b1 = np.zeros(hidden)
W2 = rng.normal(0, .5, (hidden, 2)); b2 = np.zeros(2)
gamma, lr = 0.9, 0.05
def q(s):
    h = np.tanh(s @ W1 + b1)
    return h @ W2 + b2, h
for step in range(200):
    s = np.eye(n_state)[rng.integers(n_state, size=16)]
    a = rng.integers(2, size=16)
    s2 = np.eye(n_state)[rng.integers(n_state, size=16)]
    r = rng.normal(size=16)
    q2, _ = q(s2)
    target = r + gamma * q2.max(axis=1)
    qs, h = q(s)
    err = qs[np.arange(16), a] - target
    loss = 0.5 * np.mean(err ** 2)
    dq = np.zeros_like(qs)
    dq[np.arange(16), a] = err / 16
    dW2 = h.T @ dq; db2 = dq.sum(0)
    dh = dq @ W2.T * (1 - h ** 2)
    dW1 = s.T @ dh; db1 = dh.sum(0)
    W1 -= lr * dW1; b1 -= lr * db1; W2 -= lr * dW2; b2 -= lr * db2
    if step % 50 == 0: print(step, loss)
