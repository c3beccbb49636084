import numpy as np

rng = np.random.default_rng(82)
x = rng.normal(size=(29, 4, 1))
y = np.sum(x, axis=1, keepdims=True) ** 2 * 0.2
w1, w2 = rng.normal(size=(7, 4)) * 0.5, rng.normal(size=(1, 7)) * 0.5
b1, b2 = np.zeros((7, 1)), np.zeros((1, 1))
for step in range(60):
    h = np.tanh(np.einsum("hi,bic->bhc", w1, x) + b1)
    o = np.einsum("oh,bhc->boc", w2, h) + b2
    loss = np.mean((o - y) ** 2)
    d = 2 * (o - y) / len(x)
    dh = np.einsum("oh,boc->bhc", w2, d) * (1 - h * h)
    w2 -= 0.05 * np.einsum("boc,bhd->oh", d, h)
    b2 -= 0.05 * np.einsum("boc->oc", d)
    w1 -= 0.05 * np.einsum("bhc,bid->hi", dh, x)
    b1 -= 0.05 * np.einsum("bhc->hc", dh)
    if step % 20 == 0:
        print(step, loss)
