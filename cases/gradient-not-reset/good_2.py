import numpy as np

np.random.seed(114)
x = np.random.randn(35, 3)
t = (x ** 2).sum(axis=1, keepdims=True) * 0.3
w = {"a": np.random.randn(3, 8) * 0.5, "b": np.random.randn(8, 1) * 0.5}
carried = {k: np.zeros_like(m) for k, m in w.items()}
for it in range(50):
    z = x @ w["a"]
    h = np.maximum(z, 0)
    r = h @ w["b"] - t
    loss = 0.5 * np.mean(r ** 2)
    d = r / len(x)
    carried["b"] *= 0.9
    carried["b"] += h.T @ d
    carried["a"] *= 0.9
    carried["a"] += x.T @ (d @ w["b"].T * (z > 0))
    for k in w:
        w[k] -= 0.03 * carried[k]
    if it % 10 == 0:
        print(it, loss)
