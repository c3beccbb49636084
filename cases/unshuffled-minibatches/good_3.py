"""A recurrent net reads a signal piece by piece, in order, and carries its state from piece to piece."""

import numpy as np

rng = np.random.default_rng(12)
time = np.arange(240)
signal = np.sin(time / 9)[:, None]
wanted = np.where(np.arange(240) < 120, 0.4, -0.4)[:, None] + signal ** 2

width, span, rate = 6, 12, 0.02
U = rng.normal(0, 0.4, (1, width))
R = rng.normal(0, 0.4, (width, width))
V = rng.normal(0, 0.4, (width, 1))

for epoch in range(6):
    state = np.zeros(width)
    for a in range(0, 240, span):
        xs, ts = signal[a:a + span], wanted[a:a + span]
        states, errors = [state], []
        for x, t in zip(xs, ts):
            states.append(np.tanh(x @ U + states[-1] @ R))
            errors.append(states[-1] @ V - t)
        loss = 0.5 * sum(float(np.sum(e ** 2)) for e in errors)
        dU, dR, dV, carry = np.zeros_like(U), np.zeros_like(R), np.zeros_like(V), np.zeros(width)
        for k in range(span - 1, -1, -1):
            dV += np.outer(states[k + 1], errors[k])
            down = (V @ errors[k] + carry) * (1 - states[k + 1] ** 2)
            dU += np.outer(xs[k], down)
            dR += np.outer(states[k], down)
            carry = R @ down
        U -= rate * dU
        R -= rate * dR
        V -= rate * dV
        state = states[-1]
    print(epoch, loss)
