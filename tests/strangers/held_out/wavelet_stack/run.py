import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import numpy as np

from wavelet_stack.layers import CausalConv, Gated


def signal(batch, length):
    t = np.arange(length + 1)
    phase = np.random.rand(batch, 1) * 6.28
    speed = np.random.uniform(0.2, 0.6, (batch, 1))
    wave = np.sin(speed * t + phase) + 0.05 * np.random.randn(batch, length + 1)
    return wave[:, :-1, None], wave[:, 1:, None]


stack = [CausalConv(1, 8, 2, 1), Gated(), CausalConv(4, 12, 2, 2), Gated(), CausalConv(6, 1, 3, 4)]

best = np.inf
for step in range(80):
    x, nxt = signal(10, 20)
    out = x
    for f in stack:
        out = f(out)
    residual = out - nxt
    loss = (residual * residual).sum() / residual.shape[0]
    best = min(best, loss)
    g = 2 * residual / residual.shape[0]
    for f in stack[::-1]:
        g = f.pull(g)
    for f in stack:
        f.descend(0.005)
    if step % 20 == 0:
        print(step, loss, best)
