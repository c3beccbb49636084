import random
from collections import deque

import numpy as np

from world import Ring


class QNet:
    def __init__(self, n_in, n_hid, n_out):
        self.w1 = np.random.randn(n_in, n_hid) * 0.5
        self.w2 = np.random.randn(n_hid, n_out) * 0.5

    def values(self, s):
        self.s = s
        self.z = s @ self.w1
        self.h = np.maximum(self.z, 0)
        return self.h @ self.w2

    def fit(self, dq, lr):
        dh = dq @ self.w2.T
        dh[self.z <= 0] = 0
        self.w2 -= lr * self.h.T @ dq
        self.w1 -= lr * self.s.T @ dh

    def copy_from(self, other):
        self.w1 = other.w1.copy()
        self.w2 = other.w2.copy()


world = Ring()
online, target = QNet(3, 13, 2), QNet(3, 13, 2)
target.copy_from(online)
memory = deque(maxlen=200)
GAMMA, EPSILON, BATCH = 0.8, 0.3, 16

for t in range(400):
    s = world.view()
    if random.random() < EPSILON:
        a = random.randrange(2)
    else:
        a = int(online.values(s[None]).argmax())
    r = world.act(a)
    memory.append((s, a, r, world.view()))
    if len(memory) < 2 * BATCH:
        continue

    ss, aa, rr, nn = map(np.array, zip(*random.sample(memory, BATCH)))
    goal = rr + GAMMA * target.values(nn).max(axis=1)
    q = online.values(ss)
    td = q[np.arange(BATCH), aa] - goal
    dq = np.zeros_like(q)
    dq[np.arange(BATCH), aa] = td / BATCH
    online.fit(dq, lr=0.1)
    if t % 50 == 0:
        target.copy_from(online)
        print(t, "mean |td|", np.abs(td).mean())

for place in range(5):
    world.at = place
    print(place, online.values(world.view()[None])[0])
