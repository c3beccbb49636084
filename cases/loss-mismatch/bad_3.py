import numpy as np

rng = np.random.RandomState(142)
samples = [(rng.rand(3), rng.randint(0, 2, 2).astype(float)) for _ in range(16)]
A, a = rng.randn(5, 3), rng.randn(5)
B, b = rng.randn(2, 5), rng.randn(2)
rate = 0.5


def s(z):
    return 1.0 / (1.0 + np.exp(-z))


for epoch in range(6):
    total = 0.0
    for x, y in samples:
        h = s(A @ x + a)
        o = s(B @ h + b)
        error = o - y
        total += np.sum(error ** 2)
        delta = 2 * error  # expect: loss-mismatch
        hidden = (B.T @ delta) * h * (1 - h)
        B -= rate * np.outer(delta, h)
        b -= rate * delta
        A -= rate * np.outer(hidden, x)
        a -= rate * hidden
    print("epoch", epoch, "squared error", total)
