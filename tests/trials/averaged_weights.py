"""Imbalanced binary classification: focal loss, micro-batches, cosine schedule, EMA of the weights."""
import copy
import itertools
import math
import numpy as np

SEED = 17
ACCUMULATE = 4          # micro-batches per optimizer step
MICRO = 32
STEPS = 300


class FocalLoss:
    def __init__(self, gamma=2.0, alpha=0.75):
        self.gamma, self.alpha = gamma, alpha

    def __call__(self, logit, target):
        sign = np.where(target == 1, 1.0, -1.0)
        weight = np.where(target == 1, self.alpha, 1 - self.alpha)
        m = sign * logit
        log_pt = -np.logaddexp(0.0, -m)
        pt = np.exp(log_pt)
        rest = 1.0 - pt
        value = -(weight * rest ** self.gamma * log_pt).mean()
        dm = weight * (self.gamma * rest ** self.gamma * pt * log_pt - rest ** (self.gamma + 1))
        return value, dm * sign / logit.size


class Net:
    def __init__(self, sizes, rng):
        self.state = {}
        for i, (a, b) in enumerate(itertools.pairwise(sizes)):
            self.state[f"fc{i}.weight"] = rng.uniform(-1, 1, (b, a)) / math.sqrt(a)
            self.state[f"fc{i}.bias"] = rng.uniform(-1, 1, b) / math.sqrt(a)
        self.depth = len(sizes) - 1
        self.zero_grad()

    def zero_grad(self):
        self.grad = {k: np.zeros_like(v) for k, v in self.state.items()}

    def forward(self, x):
        self.acts = [x]
        for i in range(self.depth):
            x = x @ self.state[f"fc{i}.weight"].T + self.state[f"fc{i}.bias"]
            if i + 1 < self.depth:
                x = np.where(x > 0, x, np.expm1(np.minimum(x, 0)))      # ELU
            self.acts.append(x)
        return x[:, 0]

    def backward(self, d):
        d = d[:, None]
        for i in reversed(range(self.depth)):
            if i + 1 < self.depth:
                out = self.acts[i + 1]
                d = d * np.where(out > 0, 1.0, out + 1.0)
            self.grad[f"fc{i}.weight"] += d.T @ self.acts[i]
            self.grad[f"fc{i}.bias"] += d.sum(0)
            d = d @ self.state[f"fc{i}.weight"]


def stream(x, y, size, rng):
    """endless micro-batches, reshuffled every epoch"""
    while True:
        order = rng.permutation(len(x))
        for s in range(0, len(x) - size + 1, size):
            yield x[order[s:s + size]], y[order[s:s + size]]


def cosine(step, total, peak=0.5, floor=0.02):
    return floor + 0.5 * (peak - floor) * (1 + math.cos(math.pi * step / total))


def main():
    rng = np.random.default_rng(SEED)
    x = rng.normal(size=(2000, 3))
    y = ((x ** 2).sum(1) + 0.3 * rng.normal(size=2000) < 0.8).astype(int)
    print("positives:", y.mean())
    xt, yt, x, y = x[:500], y[:500], x[500:], y[500:]

    net = Net([3, 24, 24, 1], rng)
    criterion = FocalLoss()
    ema = copy.deepcopy(net.state)
    velocity = {k: np.zeros_like(v) for k, v in net.state.items()}
    loader = stream(x, y, MICRO, rng)
    for step in range(STEPS):
        net.zero_grad()
        running = 0.0
        for xb, yb in itertools.islice(loader, ACCUMULATE):
            loss, dlogit = criterion(net.forward(xb), yb)
            net.backward(dlogit / ACCUMULATE)
            running += loss / ACCUMULATE
        lr = cosine(step, STEPS)
        for k, w in net.state.items():
            velocity[k] = 0.9 * velocity[k] + net.grad[k]
            w -= lr * velocity[k]
            ema[k] += 0.02 * (w - ema[k])
        if step % 50 == 0 or step == STEPS - 1:
            print(f"step {step:3d}  lr {lr:.3f}  focal {running:.5f}")

    averaged = copy.copy(net)
    averaged.state = ema
    for name, model in (("last", net), ("ema", averaged)):
        pred = model.forward(xt) > 0
        tp = np.sum(pred & (yt == 1))
        print(name, "recall %.3f precision %.3f" % (tp / max(1, yt.sum()), tp / max(1, pred.sum())))


if __name__ == "__main__":
    main()
