from dataclasses import dataclass, field, fields

import numpy as np

RNG = np.random.default_rng(31)


@dataclass
class Weights:
    gain: np.ndarray = field(default_factory=lambda: np.ones(8))
    shift: np.ndarray = field(default_factory=lambda: np.zeros(8))
    gate: np.ndarray = field(default_factory=lambda: RNG.normal(0, 0.35, (8, 11)))
    value: np.ndarray = field(default_factory=lambda: RNG.normal(0, 0.35, (8, 11)))
    down: np.ndarray = field(default_factory=lambda: RNG.normal(0, 0.3, (11, 3)))


def forward(w: Weights, x):
    mean = x.mean(-1, keepdims=True)
    centred = x - mean
    rstd = 1.0 / np.sqrt((centred ** 2).mean(-1, keepdims=True) + 1e-5)
    normed = centred * rstd
    h = normed * w.gain + w.shift
    u, v = h @ w.gate, h @ w.value
    s = 1 / (1 + np.exp(-u))
    mixed = u * s * v
    return mixed @ w.down, (normed, h, u, v, s, mixed)


def backward(w: Weights, cache, dout):
    normed, h, u, v, s, mixed = cache
    d_mixed = dout @ w.down.T
    du = d_mixed * v * s * (1 + u * (1 - s))
    dv = d_mixed * u * s
    dh = du @ w.gate.T + dv @ w.value.T
    return Weights(
        gain=(dh * normed).sum(0),
        shift=dh.sum(0),
        gate=h.T @ du,
        value=h.T @ dv,
        down=mixed.T @ dout,
    )


@dataclass
class AdamW:
    lr: float = 3e-3
    decay: float = 0.01
    t: int = 0
    m: dict = field(default_factory=dict)
    v: dict = field(default_factory=dict)

    def step(self, w, g):
        self.t += 1
        for f in fields(w):
            p, d = getattr(w, f.name), getattr(g, f.name)
            self.m[f.name] = 0.9 * self.m.get(f.name, 0) + 0.1 * d
            self.v[f.name] = 0.99 * self.v.get(f.name, 0) + 0.01 * d * d
            mh = self.m[f.name] / (1 - 0.9 ** self.t)
            vh = self.v[f.name] / (1 - 0.99 ** self.t)
            p *= 1 - self.lr * self.decay
            p -= self.lr * mh / (np.sqrt(vh) + 1e-8)


def main():
    x = RNG.normal(size=(66, 8)) * 2 + 1
    y = np.stack([x[:, 0] > 1, x[:, 1] > x[:, 2], np.ones(66)], 1) * 1.0
    w, opt = Weights(), AdamW()
    for epoch in range(60):
        for block in np.split(RNG.permutation(66), 3):
            out, cache = forward(w, x[block])
            diff = out - y[block]
            loss = 0.5 * np.einsum('ij,ij->', diff, diff) / len(block)
            opt.step(w, backward(w, cache, diff / len(block)))
        if epoch % 15 == 0:
            print(f'{epoch:>3} {loss:8.4f}')


main()
