"""Advantage actor-critic, shared trunk, entropy bonus, cart-pole dynamics."""
import math
import numpy as np


class ActorCritic:
    def __init__(self, n_in, n_hid, n_act, rng):
        self.Wt = rng.normal(0, 1 / np.sqrt(n_in), (n_in, n_hid))
        self.bt = np.zeros(n_hid)
        self.Wp = rng.normal(0, 0.01, (n_hid, n_act))
        self.bp = np.zeros(n_act)
        self.wv = np.zeros(n_hid)
        self.bv = np.zeros(1)

    names = ("Wt", "bt", "Wp", "bp", "wv", "bv")

    def forward(self, X):
        self.X = X
        self.h = np.tanh(X @ self.Wt + self.bt)
        logits = self.h @ self.Wp + self.bp
        logits = logits - logits.max(axis=-1, keepdims=True)
        self.logp = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        self.p = np.exp(self.logp)
        self.v = self.h @ self.wv + self.bv[0]
        return self.p, self.v

    def loss_and_grads(self, actions, returns, beta=0.01, c_v=0.5):
        n = len(actions)
        rows = np.arange(n)
        adv = returns - self.v              # treated as a constant in the policy term
        ent = -(self.p * self.logp).sum(axis=1)
        policy_loss = -np.mean(self.logp[rows, actions] * adv)
        value_loss = c_v * np.mean((self.v - returns) ** 2)
        loss = policy_loss + value_loss - beta * ent.mean()

        onehot = np.zeros_like(self.p)
        onehot[rows, actions] = 1.0
        dlogits = (self.p - onehot) * adv[:, None] / n
        dlogits += beta * self.p * (self.logp + ent[:, None]) / n
        dv = 2 * c_v * (self.v - returns) / n

        g = {}
        g["Wp"] = self.h.T @ dlogits
        g["bp"] = dlogits.sum(axis=0)
        g["wv"] = self.h.T @ dv
        g["bv"] = np.array([dv.sum()])
        dh = dlogits @ self.Wp.T + np.outer(dv, self.wv)
        dz = dh * (1 - self.h ** 2)
        g["Wt"] = self.X.T @ dz
        g["bt"] = dz.sum(axis=0)
        return loss, g


def pole_step(s, a):
    x, xd, th, thd = s
    force = 10.0 if a == 1 else -10.0
    ct, st = math.cos(th), math.sin(th)
    tmp = (force + 0.05 * thd ** 2 * st) / 1.1
    thacc = (9.8 * st - ct * tmp) / (0.5 * (4 / 3 - 0.1 * ct ** 2 / 1.1))
    xacc = tmp - 0.05 * thacc * ct / 1.1
    s = (x + 0.02 * xd, xd + 0.02 * xacc, th + 0.02 * thd, thd + 0.02 * thacc)
    return s, abs(s[0]) > 2.4 or abs(s[2]) > 0.21


rng = np.random.default_rng(5)
agent = ActorCritic(4, 24, 2, rng)
sq = {k: np.zeros_like(getattr(agent, k)) for k in agent.names}
SCALE = np.array([1.0, 0.5, 5.0, 0.5])
history = []

for episode in range(200):
    s = tuple(rng.uniform(-0.05, 0.05, 4))
    obs, acts = [], []
    done = False
    while not done and len(acts) < 200:
        o = np.array(s) * SCALE
        p, _ = agent.forward(o[None])
        a = int(rng.random() < p[0, 1])
        obs.append(o)
        acts.append(a)
        s, done = pole_step(s, a)
    G = 0.0
    if not done:
        G = agent.forward((np.array(s) * SCALE)[None])[1][0]
    rets = np.zeros(len(acts))
    for i in range(len(acts) - 1, -1, -1):
        G = 0.1 + 0.97 * G
        rets[i] = G
    agent.forward(np.array(obs))
    loss, grads = agent.loss_and_grads(np.array(acts), rets)
    for k in agent.names:
        sq[k] = 0.95 * sq[k] + 0.05 * grads[k] ** 2
        setattr(agent, k, getattr(agent, k) - 0.006 * grads[k] / (np.sqrt(sq[k]) + 1e-5))
    history.append(len(acts))
    if (episode + 1) % 40 == 0:
        print("episode %d  mean length %.1f  loss %.4f" % (episode + 1, np.mean(history[-40:]), loss))
