"""DQN on a windy corridor: hand-written two-layer net, replay memory, frozen target network."""
import copy
from collections import deque

import numpy as np

LENGTH = 9


class Corridor:
    def __init__(self, rng):
        self.rng = rng

    def reset(self):
        self.pos, self.t = LENGTH // 2, 0
        return self.obs()

    def obs(self):
        centers = np.arange(LENGTH)
        return np.exp(-0.5 * (centers - self.pos) ** 2)

    def step(self, action):
        self.t += 1
        move = 1 if action == 1 else -1
        if self.rng.random() < 0.15:
            move = -1
        self.pos = int(np.clip(self.pos + move, 0, LENGTH - 1))
        terminal = self.pos == LENGTH - 1
        reward = 1.0 if terminal else -0.03
        return self.obs(), reward, terminal, terminal or self.t >= 30


class QNet:
    def __init__(self, n_in, n_hid, n_act, rng):
        self.W1 = rng.normal(0, np.sqrt(2 / n_in), (n_in, n_hid))
        self.b1 = np.zeros(n_hid)
        self.W2 = rng.normal(0, np.sqrt(1 / n_hid), (n_hid, n_act))
        self.b2 = np.zeros(n_act)

    def forward(self, s):
        self.s = s
        self.z = s @ self.W1 + self.b1
        self.h = np.maximum(self.z, 0)
        return self.h @ self.W2 + self.b2

    def learn(self, s, a, target, lr):
        q = self.forward(s)
        n = len(a)
        delta = q[np.arange(n), a] - target
        small = np.abs(delta) <= 1.0
        loss = np.where(small, 0.5 * delta ** 2, np.abs(delta) - 0.5).mean()

        dq = np.zeros_like(q)
        dq[np.arange(n), a] = np.clip(delta, -1.0, 1.0) / n
        dW2 = self.h.T @ dq
        db2 = dq.sum(axis=0)
        self.W2 -= lr * dW2
        self.b2 -= lr * db2
        dz = (dq @ self.W2.T) * (self.z > 0)
        dW1 = self.s.T @ dz
        db1 = dz.sum(axis=0)
        self.W1 -= lr * dW1
        self.b1 -= lr * db1
        return loss


def main(episodes=60, gamma=0.95, lr=0.15):
    rng = np.random.default_rng(6)
    env = Corridor(rng)
    net = QNet(LENGTH, 24, 2, rng)
    frozen = copy.deepcopy(net)
    memory = deque(maxlen=2000)
    updates, losses = 0, []
    for ep in range(episodes):
        s, done, total = env.reset(), False, 0.0
        eps = max(0.05, 0.6 * 0.95 ** ep)
        while not done:
            if rng.random() < eps:
                a = int(rng.integers(2))
            else:
                a = int(net.forward(s[None])[0].argmax())
            s2, r, terminal, done = env.step(a)
            memory.append((s, a, r, s2, float(terminal)))
            s, total = s2, total + r
            if len(memory) < 64:
                continue
            pick = rng.integers(0, len(memory), 32)
            S, A, R, S2, Dn = (np.array(c) for c in zip(*(memory[i] for i in pick)))
            target = R + gamma * (1 - Dn) * frozen.forward(S2).max(axis=1)
            losses.append(net.learn(S, A, target, lr))
            updates += 1
            if updates % 50 == 0:
                frozen = copy.deepcopy(net)
        if ep % 10 == 0:
            print(f"episode {ep:3d} return {total:+.2f} td loss {np.mean(losses[-50:] or [0]):.5f}")


if __name__ == "__main__":
    main()
