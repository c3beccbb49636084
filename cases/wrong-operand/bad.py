import numpy as np

rng = np.random.default_rng(4)
x = rng.normal(size=(57, 4))
y = np.eye(3)[np.argmax(x[:, :3] ** 2, axis=1)]
width = 9

p = {}
p["W1"] = rng.normal(0, 0.5, (4, width))
p["W2"] = rng.normal(0, 0.4, (width, width))
p["W3"] = rng.normal(0, 0.4, (width, 3))
for i, n in zip("123", (width, width, 3)):
    p["b" + i] = np.zeros(n)


def forward(x):
    c = {"a0": x}
    c["a1"] = np.tanh(c["a0"] @ p["W1"] + p["b1"])
    c["a2"] = np.tanh(c["a1"] @ p["W2"] + p["b2"])
    z = c["a2"] @ p["W3"] + p["b3"]
    z = np.exp(z - z.max(axis=1, keepdims=True))
    c["a3"] = z / z.sum(axis=1, keepdims=True)
    return c


def backward(c, y):
    g = {}
    d = (c["a3"] - y) / len(y)
    g["W3"] = c["a1"].T @ d  # expect: wrong-operand
    g["b3"] = d.sum(axis=0)
    d = d @ p["W3"].T * (1 - c["a2"] ** 2)
    g["W2"] = c["a1"].T @ d
    g["b2"] = d.sum(axis=0)
    d = d @ p["W2"].T * (1 - c["a1"] ** 2)
    g["W1"] = c["a0"].T @ d
    g["b1"] = d.sum(axis=0)
    return g


for epoch in range(60):
    cache = forward(x)
    loss = -np.sum(y * np.log(cache["a3"])) / len(y)
    grads = backward(cache, y)
    for name in p:
        p[name] -= 0.4 * grads[name]
    if epoch % 20 == 0:
        print(epoch, loss)
