"""Quantile regression with a gated residual block; samples are columns, RMSprop with warm-up."""
import numpy as np

gen = np.random.default_rng(20)
D, H, M = 5, 9, 72
feats = gen.standard_normal((D, M))
goal = (feats[0] * 1.5 - np.abs(feats[1]) + 0.2 * gen.standard_normal(M))[None, :]
TAU = 0.7


def squash(u):
    return 0.5 * (1.0 + np.tanh(0.5 * u))


class Gate:
    __slots__ = ("A", "a", "B", "b", "c", "d", "memo", "second")

    def __init__(self):
        self.A = gen.normal(0, 0.5, (H, D)); self.a = np.zeros((H, 1))
        self.B = gen.normal(0, 0.5, (H, D)); self.b = np.ones((H, 1))
        self.c = gen.normal(0, 0.5, (1, H)); self.d = np.array([[0.0]])
        self.second = {}

    def predict(self, x):
        value = np.arctan(self.A @ x + self.a)
        gate = squash(self.B @ x + self.b)
        self.memo = x, value, gate
        return self.c @ (value * gate) + self.d

    def pull(self, up):
        x, value, gate = self.memo
        mixed = value * gate
        back = self.c.T @ up
        pre = self.A @ x + self.a
        to_value = back * gate / (1 + pre ** 2)
        to_gate = back * value * gate * (1 - gate)
        return dict(c=up @ mixed.T, d=up.sum(keepdims=True),
                    A=to_value @ x.T, a=to_value.sum(1, keepdims=True),
                    B=to_gate @ x.T, b=to_gate.sum(1, keepdims=True))


def pinball(out):
    gap = goal - out
    return float(np.where(gap >= 0, TAU * gap, (TAU - 1) * gap).mean())


net = Gate()
for turn in range(1, 121):
    out = net.predict(feats)
    score = pinball(out)
    up = np.where(goal - out >= 0, -TAU, 1 - TAU) / M
    speed = 0.01 * min(1.0, turn / 10)
    for key, slope in net.pull(up).items():
        cache = 0.9 * net.second.get(key, 0.0) + 0.1 * slope * slope
        net.second[key] = cache
        setattr(net, key, getattr(net, key) - speed * slope / (np.sqrt(cache) + 1e-8))
    if turn % 40 == 0:
        print(turn, round(score, 4))
