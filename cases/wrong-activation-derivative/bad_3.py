import numpy as np


class Dense:
    def __init__(self, rng, n_in, n_out):
        self.params = {"W": rng.normal(0, np.sqrt(1 / n_in), (n_in, n_out)), "b": np.zeros(n_out)}
        self.grads = {}

    def forward(self, x):
        self.x = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, grad):
        self.grads["W"] = self.x.T @ grad
        self.grads["b"] = grad.sum(axis=0)
        return grad @ self.params["W"].T


class Softplus:
    params = {}
    grads = {}

    def forward(self, x):
        self.x = x
        return np.log1p(np.exp(x))

    def backward(self, grad):
        return grad * (self.x > 0)  # expect: wrong-activation-derivative


class Adam:
    def __init__(self, layers, lr=0.01):
        self.layers, self.lr, self.t = layers, lr, 0
        self.m = [{k: np.zeros_like(v) for k, v in l.params.items()} for l in layers]
        self.v = [{k: np.zeros_like(v) for k, v in l.params.items()} for l in layers]

    def step(self):
        self.t += 1
        for layer, m, v in zip(self.layers, self.m, self.v):
            for k in layer.params:
                g = layer.grads[k]
                m[k] = 0.9 * m[k] + 0.1 * g
                v[k] = 0.999 * v[k] + 0.001 * g * g
                mh = m[k] / (1 - 0.9 ** self.t)
                vh = v[k] / (1 - 0.999 ** self.t)
                layer.params[k] -= self.lr * mh / (np.sqrt(vh) + 1e-8)


rng = np.random.default_rng(3)
X = rng.normal(size=(48, 4))
Y = np.abs(X[:, :2]) + 0.1 * X[:, 2:]
net = [Dense(rng, 4, 10), Softplus(), Dense(rng, 10, 6), Softplus(), Dense(rng, 6, 2)]
opt = Adam(net)

for epoch in range(30):
    out = X
    for layer in net:
        out = layer.forward(out)
    diff = out - Y
    loss = (diff ** 2).mean()
    grad = 2 * diff / diff.size
    for layer in net[::-1]:
        grad = layer.backward(grad)
    opt.step()
    if epoch % 10 == 0:
        print(epoch, loss)
