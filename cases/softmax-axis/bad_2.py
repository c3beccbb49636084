import numpy as np

np.random.seed(2)


class Softmax:
    def forward(self, z):
        e = np.exp(z - z.max(axis=0))
        self.p = e / e.sum(axis=0)  # expect: softmax-axis
        return self.p


class Net:
    def __init__(self):
        self.W1 = np.random.randn(6, 9) * 0.3
        self.W2 = np.random.randn(9, 3) * 0.3
        self.out = Softmax()

    def train(self, x, onehot, rate):
        h = np.tanh(x @ self.W1)
        p = self.out.forward(h @ self.W2)
        d = (p - onehot) / len(x)
        dh = (d @ self.W2.T) * (1 - h * h)
        self.W2 -= rate * h.T @ d
        self.W1 -= rate * x.T @ dh
        return p


x = np.random.randn(48, 6)
onehot = np.zeros((48, 3))
onehot[np.arange(48), np.argmax(x[:, :3], axis=1)] = 1
net = Net()
for tour in range(20):
    net.train(x, onehot, 0.3)
