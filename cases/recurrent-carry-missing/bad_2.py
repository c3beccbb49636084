import numpy as np


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


class LSTM:
    def __init__(self, n_in, n_hidden, n_out, seed):
        rng = np.random.default_rng(seed)
        self.size = n_hidden
        self.W = rng.normal(0, 0.4, (n_in + n_hidden, 4 * n_hidden))
        self.b = np.zeros(4 * n_hidden)
        self.V = rng.normal(0, 0.5, (n_hidden, n_out))
        self.d = np.zeros(n_out)

    def forward(self, x):
        n = self.size
        h = np.zeros((len(x), n))
        c = np.zeros((len(x), n))
        self.cache, out = [], []
        for t in range(x.shape[1]):
            joined = np.concatenate([x[:, t], h], axis=1)
            z = joined @ self.W + self.b
            i, f, o = sigmoid(z[:, :n]), sigmoid(z[:, n:2 * n]), sigmoid(z[:, 2 * n:3 * n])
            g = np.tanh(z[:, 3 * n:])
            c_prev, c = c, f * c + i * g
            h = o * np.tanh(c)
            self.cache.append((joined, i, f, o, g, c_prev, c, h))
            out.append(h @ self.V + self.d)
        return np.stack(out, axis=1)

    def backward(self, dout):
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)
        self.dV, self.dd = np.zeros_like(self.V), np.zeros_like(self.d)
        dh_next = dc_next = np.zeros((len(dout), self.size))
        for t in reversed(range(len(self.cache))):
            joined, i, f, o, g, c_prev, c, h = self.cache[t]
            self.dV += h.T @ dout[:, t]
            self.dd += dout[:, t].sum(axis=0)
            dh = dout[:, t] @ self.V.T + dh_next
            dc = dh * o * (1 - np.tanh(c) ** 2)  # expect: recurrent-carry-missing
            dz = np.concatenate([
                dc * g * i * (1 - i),
                dc * c_prev * f * (1 - f),
                dh * np.tanh(c) * o * (1 - o),
                dc * i * (1 - g ** 2),
            ], axis=1)
            self.dW += joined.T @ dz
            self.db += dz.sum(axis=0)
            dh_next = (dz @ self.W.T)[:, -self.size:]
            dc_next = dc * f

    def update(self, rate):
        self.W -= rate * self.dW
        self.b -= rate * self.db
        self.V -= rate * self.dV
        self.d -= rate * self.dd


series = np.random.default_rng(311).normal(size=(29, 5, 2))
wanted = np.cumsum(series[:, :, :1] * series[:, :, 1:], axis=1) * 0.5
net = LSTM(2, 6, 1, seed=312)
for epoch in range(60):
    answer = net.forward(series)
    loss = 0.5 * np.sum((answer - wanted) ** 2) / len(series)
    net.backward((answer - wanted) / len(series))
    net.update(0.1)
    if epoch % 20 == 0:
        print(epoch, loss)
