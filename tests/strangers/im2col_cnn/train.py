import numpy as np
import matplotlib.pyplot as plt

from nn import StripeNet


class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = None

    def update(self, params, grads):
        if self.v is None:
            self.v = {}
            for key, val in params.items():
                self.v[key] = np.zeros_like(val)
        for key in params.keys():
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] += self.v[key]


def load_stripes(n):
    x = np.random.rand(n, 2, 8, 8)
    t = np.random.randint(0, 3, n)
    for i in range(n):
        if t[i] == 0:
            x[i, 0, ::2] += 1
        elif t[i] == 1:
            x[i, 1, :, ::2] += 1
        else:
            x[i, :, 2:5, 2:5] += 1
    return x, t


x_train, t_train = load_stripes(120)
network = StripeNet()
optimizer = Momentum(lr=0.05)
losses = []

for i in range(40):
    chosen = np.random.choice(x_train.shape[0], 20)
    x_batch = x_train[chosen]
    t_batch = t_train[chosen]
    grads = network.gradient(x_batch, t_batch)
    optimizer.update(network.params, grads)
    losses.append(network.loss(x_batch, t_batch))

acc = np.mean(np.argmax(network.predict(x_train), axis=1) == t_train)
print("train acc:", acc)
plt.plot(losses)
plt.show()
