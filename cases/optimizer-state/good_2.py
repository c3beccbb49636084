import numpy as np


class Tensor:
    def __init__(self, value):
        self.value, self.grad, self.buffer, self.square = value, None, None, None


class AdamW:
    """Adam with decoupled decay and a warm-up; buffers are made in the first step."""

    def __init__(self, tensors, rate, decay=0.01):
        self.tensors, self.rate, self.decay, self.count = tensors, rate, decay, 0

    def step(self):
        self.count += 1
        rate = self.rate * min(1.0, self.count / 10)
        for t in self.tensors:
            if t.buffer is None:
                t.buffer, t.square = np.zeros_like(t.value), np.zeros_like(t.value)
            t.buffer = 0.9 * t.buffer + 0.1 * t.grad
            t.square = 0.999 * t.square + 0.001 * t.grad ** 2
            mean = t.buffer / (1 - 0.9 ** self.count)
            spread = t.square / (1 - 0.999 ** self.count)
            t.value -= rate * (mean / (np.sqrt(spread) + 1e-8) + self.decay * t.value)


class Heavy:
    """Dampened heavy ball, as PyTorch has it: the first gradient enters whole."""

    def __init__(self, tensors, rate, mu, dampening):
        self.tensors, self.rate, self.mu, self.dampening = tensors, rate, mu, dampening

    def step(self):
        for t in self.tensors:
            t.buffer = t.grad.copy() if t.buffer is None else self.mu * t.buffer + (1 - self.dampening) * t.grad
            t.value -= self.rate * t.buffer


def train(make, seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (64, 5))
    y = (x.sum(1) > 0).astype(float)
    w, b, u, c = (Tensor(v) for v in (rng.normal(size=(5, 7)), np.zeros(7), rng.normal(size=7) * 0.5, np.zeros(1)))
    optimiser = make([w, b, u, c])
    for _ in range(80):
        h = np.maximum(x @ w.value + b.value, 0)
        p = 1 / (1 + np.exp(-(h @ u.value + c.value)))
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        d = (p - y) / len(y)
        dh = np.outer(d, u.value) * (h > 0)
        u.grad, c.grad, w.grad, b.grad = h.T @ d, d.sum(keepdims=True), x.T @ dh, dh.sum(0)
        optimiser.step()
    return loss


print(train(lambda tensors: AdamW(tensors, 0.02), 1))
print(train(lambda tensors: Heavy(tensors, 0.3, 0.8, 0.5), 2))
